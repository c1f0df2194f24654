/**
 * Sockets that know which network they are on, for Deno and Bun on Linux.
 *
 * A machine on two networks, or on one link with two routers, holds several provisioning domains (PvDs, RFC 7556):
 * source addresses, gateways and DNS servers that belong together. This package lists them and keeps sockets on one.
 *
 * @example
 * ```ts
 * import { listPvds } from "@mif/sockets";
 *
 * for (const pvd of listPvds()) {
 *   console.log(pvd.id, pvd.addresses.map(({ address }) => address), pvd.gateways, pvd.dnsServers);
 * }
 * ```
 *
 * @module
 */

export { load, type LoadOptions } from "./ffi/library.ts";
export {
  type EachAdditionalInfoOptions,
  fetchAdditionalInfo,
  type NetworkInformationOptions,
} from "./lib/additional_info/fetch_additional_info.ts";
export type { PortalState } from "./lib/captive_portal/portal_state.ts";
export { type PvdValidation, validate } from "./lib/captive_portal/validate.ts";
export { connect, Connection } from "./lib/connection/connection.ts";
export type { ErrorHandler, FetchHandler, RequestInfo } from "./lib/connection/fetch_handler.ts";
export { httpAgent, httpsAgent } from "./lib/connection/http_agent.ts";
export { listen, Listener, type ListenOptions } from "./lib/connection/listen.ts";
export type { ConnectOptions } from "./lib/connection/open_stream.ts";
export { type HttpServer, serve, type ServeOptions } from "./lib/connection/serve.ts";
export type { ExtendedError } from "./lib/dns/edns.ts";
export {
  type DnsRecord,
  query,
  type QueryAnswer,
  type QueryOptions,
  type RecordOf,
} from "./lib/dns/query.ts";
export type { FieldData, RawData, RawType, RecordData, SoaData } from "./lib/dns/rdata.ts";
export { RecordType } from "./lib/dns/record_type.ts";
export type { AskOptions } from "./lib/dns/resolver.ts";
export type { SvcParams } from "./lib/dns/svcb.ts";
export type { ServerAddress } from "./lib/dns/transport.ts";
export { MifError, type MifErrorInit } from "./lib/error.ts";
export type { ExitStatus } from "./lib/exec/confined_program.ts";
export { exec, type ExecOptions } from "./lib/exec/exec.ts";
export { createFetch, type FetchOptions, type PvdFetch } from "./lib/fetch/fetch.ts";
export type { HttpClientOptions } from "./lib/http/http_client.ts";
export type { JsonObject, JsonValue } from "./lib/json/i_json.ts";
export * from "./lib/names/flags.ts";
export { type AddrInfo, getaddrinfo, type GetAddrInfoOptions } from "./lib/names/getaddrinfo.ts";
export { getnameinfo, type GetNameInfoOptions, type NameInfo } from "./lib/names/getnameinfo.ts";
export type { PvdAdditionalInfo } from "./lib/pvd/additional_info.ts";
export { choosePvd, type PvdCriteria, rankPvds } from "./lib/pvd/choose.ts";
export { freepvdinfo, getpvdinfo, type GetPvdInfoOptions } from "./lib/pvd/getpvdinfo.ts";
export type { InterfaceType } from "./lib/pvd/interface_traits.ts";
export { listPvds } from "./lib/pvd/list.ts";
export { getprocpvd, setprocpvd } from "./lib/pvd/process_pvd.ts";
export type {
  Attribution,
  PvdAddress,
  PvdAdvertisement,
  PvdDnsServer,
  PvdInfo,
  PvdUnconfigured,
  SocketAddress,
} from "./lib/pvd/pvd.ts";
export { followRoutes, type FollowRoutesOptions } from "./lib/route/follow.ts";
export {
  installRoutes,
  type InstallRoutesOptions,
  removeRoutes,
  type RouteReport,
  type RouteTable,
  showRoutes,
} from "./lib/route/install.ts";
export { arrivalPvd } from "./lib/socket/arrival.ts";
export type {
  ArrivalTime,
  ControlMessage,
  ControlMessageInit,
  ExtensionHeader,
  IpHeaderNumber,
  Ipv4PacketInfo,
  Ipv6PacketInfo,
  PathMtu,
  UnknownControlMessage,
} from "./lib/socket/control.ts";
export * from "./lib/socket/options.ts";
export { useWaitStrategy, type WaitStrategy } from "./lib/socket/reactor.ts";
export { getsockopt, setsockopt } from "./lib/socket/setsockopt.ts";
export type { SocketAddressInit } from "./lib/socket/sockaddr.ts";
export {
  type OutgoingMessage,
  type ReceivedMessage,
  type ReceiveOptions,
  Socket,
  socket,
  type WaitOptions,
} from "./lib/socket/socket.ts";
export type { PvdEvent } from "./lib/watch/difference.ts";
export { watchPvds, type WatchPvdsOptions } from "./lib/watch/watch_pvds.ts";
export {
  createWebSocket,
  type PvdWebSocket,
  type PvdWebSocketConstructor,
  type WebSocketOptions,
  type WebSocketStates,
} from "./lib/websocket/web_socket.ts";
