// A run that a server on this machine reads, while it may go on.

import type { Manifest } from "../types.ts";
import { type Answer, SourceError, type TraceSource } from "./source.ts";

// A watcher writes once a second: with this a step is on the page within two seconds of its end.
const SHOWN_MS = 750;
const HIDDEN_MS = 5000;

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

  other(): TraceSource {
    return new Http(this.token, "api/other");
  }

  async page(): Promise<ArrayBuffer> {
    return (await this.get("api/page")).arrayBuffer();
  }

  async blob(ref: string): Promise<ArrayBuffer> {
    return (await this.get(`api/blob/${encodeURIComponent(ref)}`)).arrayBuffer();
  }

  onChange(told: () => void): void {
    const again = () => {
      told();
      setTimeout(again, document.hidden ? HIDDEN_MS : SHOWN_MS);
    };
    setTimeout(again, SHOWN_MS);
    document.addEventListener("visibilitychange", () => document.hidden || told());
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
