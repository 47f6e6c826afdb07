// The report as the page receives it: `classifier/src/report.rs`, field by field. A test lays real reports on it.

export type Confidence = "certain" | "likely" | "possible";
export type Outlook = "final" | "transient" | "depends";
export type Who = "author" | "cluster-admin" | "node-admin" | "registry-owner";
export type Effect = "reads" | "changes" | "disrupts";
export type ContainerKind = "init" | "sidecar" | "regular" | "ephemeral" | "image-volume" | "sandbox";
export type Area = "reference" | "auth" | "limits" | "network" | "tls" | "registry" | "node" | "policy" | "other";
export type State = "failing" | "retrying" | "healed";
export type Span = [start: number, end: number];

export interface Report {
  schema: "imagepull/v1";
  tool: { version: string; known: { kubernetes: string; containerd: string; crio: string; docker: string } };
  collected_at: number | null;
  notes: Note[];
  groups: Group[];
  findings: Finding[];
}
export interface Note { code: string; text: string }
export interface Group { cause: string | null; registry: string | null; proof: string | null; counts: Counts; members: number[] }
export interface Counts { findings: number; pods: number; owners: number; nodes: number; images: number }
export interface Finding {
  namespace: string | null;
  pod: string | null;
  owner: string | null;
  container: { name: string | null; kind: ContainerKind } | null;
  image: string | null;
  registry: string | null;
  node: string | null;
  place: { registry: string | null; cluster: string | null; runtime: string | null };
  state: State;
  first_seen: number | null;
  last_seen: number | null;
  next_retry: number | null;
  attempts: { age: number | null; time: number | null; count: number | null; tries: Try[] }[];
  diagnoses: [Diagnosis, ...Diagnosis[]];
  looked_at: string[];
  not_read: { what: string; why: string; rule: string | null }[];
  would_settle: { question: string; command: string | null }[];
}
export interface Try { role: "only" | "credential" | "mirror" | "upstream" | "artifact"; text: string; cause: string | null }
export interface Diagnosis {
  cause: string;
  refines: string[];
  settled_from: string | null;
  area: Area;
  title: string;
  confidence: Confidence;
  outlook: Outlook;
  evidence: Evidence[];
  fixes: Fix[];
}
export interface Evidence { source: "event" | "status" | "log" | "tool" | "text" | "object"; input: number | null; text: string; spans: Span[]; spans_utf16: Span[] }
export interface Fix { title: string; who: Who; place: string[]; steps: string[]; checks: Command[]; commands: Command[]; warnings: string[] }
export interface Command { run: string; needs: string[]; effect: Effect }
