/**
 * `none` is for tests, whose data nobody needs after a power cut. A commit still survives a kill -9
 * of the server, because the operating system has it by then.
 */
export type Durability = "durable" | "none";

export type ServerSettings = {
  readonly cluster: string;
  readonly port: number;
  readonly durability: Durability;
};

/**
 * The arguments of the server. They are given on the command line rather than in a file, so that
 * a newer Spillway changes them with its next start and nothing on disk can contradict the code.
 */
export function serverArguments(settings: ServerSettings): readonly string[] {
  const parameters = { ...BASE_PARAMETERS, ...DURABILITY_PARAMETERS[settings.durability] };
  const flags = Object.entries(parameters).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return ["-D", settings.cluster, "-p", String(settings.port), ...flags];
}

const BASE_PARAMETERS = {
  // Loopback and a password: other users of this machine can knock, and no more.
  listen_addresses: "127.0.0.1",
  // The default folder of the socket is /tmp, where anybody could take the name first.
  unix_socket_directories: "",
  // Gateway, control and workers of one machine stay far below; each costs a process.
  max_connections: "200",
  // A guest on the machine: a quarter of a small one's memory would be too much to take.
  shared_buffers: "128MB",
  max_wal_size: "512MB",
  // Docker gives 64 MB of /dev/shm, which parallel queries can exhaust; ours are small and many.
  max_parallel_workers_per_gather: "0",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_destination: "stderr",
  logging_collector: "off",
  log_line_prefix: "",
  log_checkpoints: "off",
  // A dead client is noticed within about half a minute, and its locks are freed.
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
} as const;

const DURABILITY_PARAMETERS: Readonly<Record<Durability, Readonly<Record<string, string>>>> = {
  durable: { fsync: "on", synchronous_commit: "on", full_page_writes: "on" },
  none: { fsync: "off", synchronous_commit: "on", full_page_writes: "off" },
};
