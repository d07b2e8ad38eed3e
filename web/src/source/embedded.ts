// A run inside the page itself: base64 of deflate, inflated when it is asked for.

import type { Event, Manifest } from "../types.ts";
import { type Answer, SourceError, type TraceSource } from "./source.ts";

/** A record that somebody made to fill the memory is refused. */
const MOST_BYTES = 256 * 2 ** 20;

export class Embedded implements TraceSource {
  private whole: Promise<{ manifest: Manifest; events: Event[] }> | undefined;

  constructor(
    private readonly data: string,
    private readonly blobs: Record<string, string>,
    private readonly otherData = "",
  ) {}

  other(_id: string): TraceSource {
    return new Embedded(this.otherData, this.blobs);
  }

  async manifest(): Promise<Manifest> {
    return (await this.read()).manifest;
  }

  async events(after: number): Promise<Answer> {
    const all = (await this.read()).events;
    const events = after < 0 ? all : all.filter((event) => event.seq > after);
    return { events, next: all.at(-1)?.seq ?? after, more: false, revision: "", run: "" };
  }

  async blob(ref: string): Promise<ArrayBuffer> {
    const text = Object.hasOwn(this.blobs, ref) ? this.blobs[ref] : undefined;
    if (text === undefined) throw new SourceError(`${ref} is not in this file`);
    return inflate(text);
  }

  private read(): Promise<{ manifest: Manifest; events: Event[] }> {
    this.whole ??= inflate(this.data).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
    return this.whole;
  }
}

export async function inflate(text: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Response(bytes).body?.pipeThrough(new DecompressionStream("deflate"));
  if (!stream) throw new SourceError("the data is empty");
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_BYTES) throw new SourceError("the data is too large");
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
