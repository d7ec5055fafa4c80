/**
 * Public API of `holter`: read a recording made by `holter doctor -o DIR` and judge it. Taking recordings is the command
 * line's job for now.
 */
export { type ErrorCode, HolterError } from './base/errors.ts';
export type { Evidence } from './doctor/evidence.ts';
export { judge } from './doctor/judge.ts';
export { readEvidence } from './doctor/read-evidence.ts';
export type { DoctorReport, Finding, FindingKind, Problem, Severity } from './doctor/report.ts';
export { openRecording, type Recording } from './recording/read-recording.ts';
