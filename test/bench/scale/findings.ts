/** What a bench gives back; as in ../report.ts. */
export type Figure = { name: string; mustReach: string; measured: string; reached: boolean }
export type Row = Record<string, string | number>
export type Findings = { figures: Figure[]; rows: Row[]; svg?: string }
