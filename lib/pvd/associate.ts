/**
 * To which PvD a Router Advertisement belongs, and what it says of it (RFC 8801 3.4). Pure.
 *
 * @module
 */

import type { RouterAdvertisementHeader } from "../ndp/advertisement_header.ts";
import type { NdOption, UnknownOption } from "../ndp/options.ts";
import type { PvdName, PvdOption } from "../ndp/pvd_option.ts";
import type { RouterAdvertisement } from "../ndp/router_advertisement.ts";

/** An advertisement as a host that knows PvDs takes it. */
export interface AssociatedAdvertisement {
  /** The explicit PvD; null is the implicit one of the interface and the router. */
  pvd: PvdName | null;
  /** The one inside the PvD option, where there is one. */
  header: RouterAdvertisementHeader;
  isHeaderNested: boolean;
  /** What every host on the link is told. */
  options: NdOption[];
  /** What stands in the PvD option. */
  nested: NdOption[];
}

/** The first PvD option counts, and its header before the message's; the others are passed over with all they hold. */
export function associate(advertisement: RouterAdvertisement): AssociatedAdvertisement {
  const { options, ...header } = advertisement;
  const option = options.find((one): one is PvdOption => one.name === "pvd");
  const known = options.filter((one): one is NdOption =>
    one.name !== "pvd" && one.name !== "unknown"
  );
  if (!option) return { pvd: null, header, isHeaderNested: false, options: known, nested: [] };
  const { id, httpInfo, legacy, delay, sequence } = option;
  return {
    pvd: { id, httpInfo, legacy, delay, sequence },
    header: option.header ?? header,
    isHeaderNested: option.header !== null,
    options: known,
    nested: option.options.filter(isKnown),
  };
}

function isKnown(option: NdOption | UnknownOption): option is NdOption {
  return option.name !== "unknown";
}
