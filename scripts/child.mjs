import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT'];

/**
 * Runs a program to its end and gives its exit code, 128 and the signal's number when a signal ended it, as a shell does.
 * Signals are passed on, but for the Ctrl-C of a terminal: that reaches the whole foreground group by itself, and a second
 * one would be taken for impatience.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} rejects when the program cannot be started
 */
export const runChild = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const fromTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
    const pass = (signal) => {
      if (signal !== 'SIGINT' || !fromTerminal) child.kill(signal);
    };
    for (const signal of passedOn) process.on(signal, pass);
    const ended = () => {
      for (const signal of passedOn) process.off(signal, pass);
    };
    child.on('error', (error) => {
      ended();
      reject(error);
    });
    child.on('close', (code, signal) => {
      ended();
      resolve(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
