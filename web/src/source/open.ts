// Which source it is stands in an element of the page; nothing is probed.

import { placeOf } from "../place.ts";
import { Embedded } from "./embedded.ts";
import { Http } from "./http.ts";
import { SourceError, type Told, type TraceSource } from "./source.ts";

export function openSource(told: Told): TraceSource {
  switch (told.kind) {
    case "http":
      return new Http(placeOf(location.hash).options.get("token") ?? "");
    case "embedded":
    case "frame":
      return new Embedded(told.data, told.blobs, told.other ?? "");
    default:
      throw new SourceError("this page does not say where its run is");
  }
}

export function readTold(): Told {
  const text = document.getElementById("gd-source")?.textContent;
  if (!text) throw new SourceError("this page does not say where its run is");
  return JSON.parse(text) as Told;
}
