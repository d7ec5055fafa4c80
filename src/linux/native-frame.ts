/** One physical frame, innermost first: what the unwinder (unwind.ts) knows of it. JavaScript and native alike. */
export interface NativeFrame {
  /** Where it goes on: of the innermost the instruction itself, else a return address. */
  pc: number;
  /** Frame pointer (rbp) while it runs; NaN unknown. */
  fp: number;
  /** Stack pointer at `pc`; NaN unknown. */
  sp: number;
  /** False for the innermost of a thread, and for one below a signal frame. */
  isReturnAddress: boolean;
  /**
   * How it was found: registers of the thread; `.eh_frame`; the frame pointer of the one above; a search of the stack for
   * a chain of frame pointers (frames between may be missing: `lost`).
   */
  how: 'registers' | 'cfi' | 'frame-pointer' | 'scan';
  /** Frames between this and the one above may be missing. */
  lost?: boolean;
}
