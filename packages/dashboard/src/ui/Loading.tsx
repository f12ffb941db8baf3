/** Keeps the layout while the first answer is on its way. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div aria-busy="true" className="grid gap-4">
      <h1 className="text-lg font-semibold">{what}</h1>
      <div className="h-10 rounded-lg border border-line bg-surface" />
      <div className="h-72 rounded-lg border border-line bg-surface" />
      <span className="sr-only">Loading</span>
    </div>
  );
}
