/** Unit aliases: they document fields, the compiler does not tell them apart. */
export type Milliseconds = number;
export type Microseconds = number;
export type Seconds = number;
export type Bytes = number;
/** 0–100 of one core, unless said otherwise. */
export type Percent = number;
/** 0–1. */
export type Share = number;
