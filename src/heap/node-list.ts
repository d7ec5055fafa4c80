/** Node ordinals in a typed array that grows by doubling. */
export class NodeList {
  private room = new Uint32Array(256);
  length = 0;

  push(node: number): void {
    if (this.length === this.room.length) {
      const larger = new Uint32Array(this.room.length * 2);
      larger.set(this.room);
      this.room = larger;
    }
    this.room[this.length++] = node;
  }

  /** A view, valid until the next `push`. */
  get nodes(): Uint32Array {
    return this.room.subarray(0, this.length);
  }
}
