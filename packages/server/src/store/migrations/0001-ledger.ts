import type { Migration } from "../migrate.ts";

/**
 * The ledger. Entries are chained by hash, and the database refuses to change or remove one: per
 * row, and per statement so that an update that meets no row is refused too. `enable always` keeps
 * the triggers on under session_replication_role = replica. An owner of the table can still drop
 * them; that is what the hash chain and `ledger verify` are for.
 */
export const ledger: Migration = {
  name: "0001-ledger",
  sql: `
create table ledger (
  seq bigint primary key check (seq >= 1),
  at_ms bigint not null,
  actor text not null,
  action text not null,
  subject text not null,
  body jsonb not null,
  previous_hash text not null,
  hash text not null unique
);

create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception 'The ledger is append-only: % is refused.', tg_op
    using errcode = 'restrict_violation',
      hint = 'Append a new entry that corrects the old one.';
end
$$;

create trigger ledger_refuse_row_change before update or delete on ledger
  for each row execute function refuse_ledger_change();
create trigger ledger_refuse_change before update or delete or truncate on ledger
  for each statement execute function refuse_ledger_change();

alter table ledger enable always trigger ledger_refuse_row_change;
alter table ledger enable always trigger ledger_refuse_change;
`,
};
