// A run that a server on this machine reads, while it may go on.

import type { Beside, Manifest } from "../types.ts";
import { type Answer, SourceError, type TraceSource } from "./source.ts";

// A watcher writes once a second: with this a step is on the page within two seconds of its end.
const SHOWN_MS = 750;
const HIDDEN_MS = 5000;

const otherPlace = (id: string): string => `api/other/${encodeURIComponent(id)}`;

export class Http implements TraceSource {
  constructor(
    private readonly token: string,
    private readonly place = "api",
  ) {}

  async manifest(): Promise<Manifest> {
    return (await this.get(`${this.place}/manifest`)).json();
  }

  async events(after: number): Promise<Answer> {
    return (await this.get(`${this.place}/events?after=${after}`)).json();
  }

  other(id: string): TraceSource {
    return new Http(this.token, otherPlace(id));
  }

  async beside(): Promise<Beside[]> {
    return (await this.get("api/runs")).json();
  }

  async page(other: string): Promise<ArrayBuffer> {
    return (await this.get(`${other ? otherPlace(other) : "api"}/page`)).arrayBuffer();
  }

  async blob(ref: string): Promise<ArrayBuffer> {
    return (await this.get(`api/blob/${encodeURIComponent(ref)}`)).arrayBuffer();
  }

  onChange(told: () => void): () => void {
    const again = () => {
      told();
      next = setTimeout(again, document.hidden ? HIDDEN_MS : SHOWN_MS);
    };
    const seen = () => document.hidden || told();
    let next = setTimeout(again, SHOWN_MS);
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearTimeout(next);
      document.removeEventListener("visibilitychange", seen);
    };
  }

  private async get(path: string): Promise<Response> {
    const answer = await fetch(path, {
      headers: { Authorization: `Bearer ${this.token}` },
      cache: "no-store",
      credentials: "omit",
    });
    if (!answer.ok) throw new SourceError(`${path}: ${answer.status}`);
    return answer;
  }
}
