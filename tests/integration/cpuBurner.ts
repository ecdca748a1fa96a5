/** A process of its own that uses one CPU as long as it is told to: run by `CpuLoad`. */
let isBurning = false;

process.on('message', (message) => {
  isBurning = message === 'burn';
  burn();
});
process.on('disconnect', () => process.exit(0));

/** In slices, so that the next message is heard. */
function burn(): void {
  const endMs = Date.now() + 50;
  while (isBurning && Date.now() < endMs) {
    // Nothing but work.
  }
  if (isBurning) {
    setImmediate(burn);
  }
}
