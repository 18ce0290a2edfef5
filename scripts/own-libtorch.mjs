// Imported by what builds, packs and checks a release: none of it works with a libtorch of another version.
if (process.env.CLMR_LIBTORCH_VERSION) {
  process.stderr.write('clmr: a release is built for its own libtorch: unset CLMR_LIBTORCH_VERSION\n')
  process.exit(1)
}
