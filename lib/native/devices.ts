/** Whether a device is there. */
import { callNativeSync } from './call.js'
import { native } from './load.js'

/**
 * For what uses a device later only. 'auto' and 'cpu' are always there, and open nothing.
 * @throws DeviceError
 */
export function checkDevice(device: string): void {
  if (device.startsWith('cuda')) callNativeSync(() => native().resolveDevice(device))
}
