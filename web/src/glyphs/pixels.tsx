// Pictures of tensors: u8 arrays on a canvas, for the eye.

import { useEffect, useRef, useState } from "preact/hooks";
import { blob } from "../state.ts";
import type { Blob } from "../types.ts";

const MOST_VALUES = 2 ** 22;

/** The bytes of a blob once they are there; null before, and where they cannot be. */
export function useBytes(ref: Blob | null | undefined): Uint8Array | null {
  const [bytes, setBytes] = useState<{ hash: string; bytes: Uint8Array } | null>(null);
  const hash = ref?.hash;
  useEffect(() => {
    let here = true;
    if (hash) blob(hash).then((buffer) => here && setBytes({ hash, bytes: new Uint8Array(buffer) }), () => undefined);
    return () => {
      here = false;
    };
  }, [hash]);
  return bytes && bytes.hash === hash ? bytes.bytes : null;
}

/** As numbers, where the blob holds float32 or float64. */
export function useFloats(ref: Blob | null | undefined): Float32Array | Float64Array | null {
  const bytes = useBytes(ref);
  if (!bytes || !ref) return null;
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  if (ref.dtype === "f4" && whole.byteLength % 4 === 0) return new Float32Array(whole);
  if (ref.dtype === "f8" && whole.byteLength % 8 === 0) return new Float64Array(whole);
  return null;
}

/** Shape of a batch of pictures u1[n,C,h,w], null where it is none. */
export function pictureShape(ref: Blob | null | undefined): { n: number; c: number; h: number; w: number } | null {
  const [n, c, h, w] = ref?.shape ?? [];
  if (ref?.dtype !== "u1" || !n || !c || !h || !w || ref.shape.length !== 4) return null;
  return n * c * h * w <= MOST_VALUES ? { n, c, h, w } : null;
}

interface PictureProps {
  bytes: Uint8Array | null;
  /** Where the first plane begins, and how many planes: 3 are drawn in colour, others by the first. */
  offset: number;
  planes: number;
  width: number;
  height: number;
  name: string;
  class?: string;
}

export function Picture({ bytes, offset, planes, width, height, name, class: className }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    // A picture that is not there must not look like the one that was here before it.
    context.clearRect(0, 0, width, height);
    if (!bytes) return;
    const image = context.createImageData(width, height);
    const size = width * height;
    const apart = planes === 3 ? size : 0;
    const { data } = image;
    for (let i = 0, at = offset; i < size; i++, at++) {
      data[4 * i] = bytes[at] as number;
      data[4 * i + 1] = bytes[at + apart] as number;
      data[4 * i + 2] = bytes[at + 2 * apart] as number;
      data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [bytes, offset, planes, width, height]);
  return <canvas ref={canvas} width={width} height={height} role="img" aria-label={name} class={`pixels ${className ?? ""}`} />;
}
