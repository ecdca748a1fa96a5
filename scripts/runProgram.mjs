// Starting other programs. Node 18 must be able to run this file: it runs before a newer one is there.
import { spawn } from 'node:child_process';

/** The exit code of what a signal ended. */
const INTERRUPTED = 130;

/** Runs a program in `root`; resolves with its exit code. A signal to us goes on to it. */
export function runProgram(command, args, { root, env = process.env, stdio = 'inherit', onStart = () => {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    signals.forEach((signal) => process.on(signal, forward));
    const settle = (action) => {
      signals.forEach((signal) => process.off(signal, forward));
      action();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code) => settle(() => resolve(code ?? INTERRUPTED)));
    onStart(child);
  });
}

/**
 * Runs a program in `root` and shows nothing of what it says, unless it fails.
 *
 * @throws with everything it said
 */
export async function runQuietly(command, args, { root, env }) {
  let text = '';
  const onStart = ({ stdout, stderr }) =>
    [stdout, stderr].forEach((stream) => stream.setEncoding('utf8').on('data', (chunk) => (text += chunk)));
  const code = await runProgram(command, args, { root, env, stdio: ['ignore', 'pipe', 'pipe'], onStart });
  if (code === INTERRUPTED) {
    throw new Error(`${command} was interrupted.`);
  }
  if (code !== 0) {
    throw new Error(`${text}${[command, ...args].join(' ')} ended with code ${code}.`);
  }
}

/**
 * npm, run by this Node: the npm of a distribution names its own by an absolute path.
 *
 * @returns {string[]} the program and its first arguments
 */
export function npmCommand() {
  const file = process.env.npm_execpath ?? '';
  return file.endsWith('npm-cli.js') ? [process.execPath, file] : ['npm'];
}
