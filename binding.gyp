# A bridge: `node-gyp rebuild` hands over to cmake-js and copies the results to build/Release.
{ "targets": [ {
    "target_name": "clmr",
    "type": "none",
    "actions": [ {
      "action_name": "cmake",
      "inputs": [ "CMakeLists.txt" ],
      "outputs": [ "<(PRODUCT_DIR)/clmr.node.stamp" ],
      "action": [ "node", "scripts/build-native.mjs", "<(PRODUCT_DIR)" ]
    } ]
} ] }
