// The rows of the geospatial commands.
#include "node/commands/geo.h"
#include "node/commands/geo_handlers.h"
#include "slots/movable_keys.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr CommandSpec kGeoCommands[] = {
    {
        .name = "geoadd",
        .handler = &GeoAdd,
        .arity = Arity::AtLeast(5),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(1, KeyFlag::kRw | KeyFlag::kUpdate)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Adds places to a geospatial index, or moves them.",
        .complexity = "O(log(N)) a place, with N places in the index.",
        .history = {{"6.2.0", "`CH`, `NX` and `XX`."}},
        .arguments = "key#0 [condition<!NX|!XX>@6.2.0] [!CH=change@6.2.0] data(longitude:double "
                     "latitude:double member)+",
    },
    {
        .name = "geodist",
        .handler = &GeoDist,
        .arity = Arity::AtLeast(4),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "How far two places are from each other.",
        .complexity = "O(1)",
        .arguments = "key#0 member1 member2 [unit<!m|!km|!ft|!mi>]",
    },
    {
        .name = "geohash",
        .handler = &GeoHash,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Places as geohash strings.",
        .complexity = "O(1) a place.",
        .arguments = "key#0 [member+]",
    },
    {
        .name = "geopos",
        .handler = &GeoPos,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Longitude and latitude of places.",
        .complexity = "O(1) a place.",
        .arguments = "key#0 [member+]",
    },
    {
        .name = "georadius",
        .handler = &GeoRadius,
        .arity = Arity::AtLeast(6),
        .flags = Flag::kWrite | Flag::kDenyOom | Flag::kDeprecated,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess),
                 KeySpec::Keyword({.keyword = "STORE", .start_from = 6},
                                  KeyFlag::kOw | KeyFlag::kUpdate),
                 KeySpec::Keyword({.keyword = "STOREDIST", .start_from = 6},
                                  KeyFlag::kOw | KeyFlag::kUpdate)},
        .get_keys = &slots::GeoRadiusKeys,
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Finds the places around a point; may store them.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
        .history = {{"6.2.0", "`ANY` for `COUNT`."}, {"7.0.0", "Units in upper case too."}},
        .arguments = "key#0 longitude:double latitude:double radius:double unit<!m|!km|!ft|!mi> "
                     "[!WITHCOORD] [!WITHDIST] [!WITHHASH] [count-block(COUNT=count:integer "
                     "[!ANY@6.2.0])] [order<!ASC|!DESC>] "
                     "[store<STORE=storekey:key#1{key}|STOREDIST=storedistkey:key#2{key}>]",
    },
    {
        .name = "georadiusbymember",
        .handler = &GeoRadiusByMember,
        .arity = Arity::AtLeast(5),
        .flags = Flag::kWrite | Flag::kDenyOom | Flag::kDeprecated,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess),
                 KeySpec::Keyword({.keyword = "STORE", .start_from = 5},
                                  KeyFlag::kOw | KeyFlag::kUpdate),
                 KeySpec::Keyword({.keyword = "STOREDIST", .start_from = 5},
                                  KeyFlag::kOw | KeyFlag::kUpdate)},
        .get_keys = &slots::GeoRadiusByMemberKeys,
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.0",
        .summary = "Finds the places around a place; may store them.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
        .history = {{"6.2.0", "`ANY` for `COUNT`."}, {"7.0.0", "Units in upper case too."}},
        .arguments = "key#0 member radius:double unit<!m|!km|!ft|!mi> [!WITHCOORD] [!WITHDIST] "
                     "[!WITHHASH] [count-block(COUNT=count:integer [!ANY])] [order<!ASC|!DESC>] "
                     "[store<STORE=storekey:key#1{key}|STOREDIST=storedistkey:key#2{key}>]",
    },
    {
        .name = "georadiusbymember_ro",
        .handler = &GeoRadiusByMemberRo,
        .arity = Arity::AtLeast(5),
        .flags = Flag::kReadOnly | Flag::kDeprecated,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.10",
        .summary = "Finds the places around a place.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
        .history = {{"6.2.0", "`ANY` for `COUNT`."}, {"7.0.0", "Units in upper case too."}},
        .arguments = "key#0 member radius:double unit<!m|!km|!ft|!mi> [!WITHCOORD] [!WITHDIST] "
                     "[!WITHHASH] [count-block(COUNT=count:integer [!ANY])] [order<!ASC|!DESC>]",
    },
    {
        .name = "georadius_ro",
        .handler = &GeoRadiusRo,
        .arity = Arity::AtLeast(6),
        .flags = Flag::kReadOnly | Flag::kDeprecated,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "3.2.10",
        .summary = "Finds the places around a point.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
        .history = {{"6.2.0", "`ANY` for `COUNT`."}, {"7.0.0", "Units in upper case too."}},
        .arguments = "key#0 longitude:double latitude:double radius:double unit<!m|!km|!ft|!mi> "
                     "[!WITHCOORD] [!WITHDIST] [!WITHHASH] [count-block(COUNT=count:integer "
                     "[!ANY@6.2.0])] [order<!ASC|!DESC>]",
    },
    {
        .name = "geosearch",
        .handler = &GeoSearch,
        .arity = Arity::AtLeast(7),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "6.2.0",
        .summary = "Finds the places within a circle or a box.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .history = {{"7.0.0", "Units in upper case too."}},
        .arguments =
            "key#0 from<FROMMEMBER=member|FROMLONLAT=fromlonlat(longitude:double latitude:double)> "
            "by<circle(BYRADIUS=radius:double unit<!m|!km|!ft|!mi>)|box(BYBOX=width:double "
            "height:double unit<!m|!km|!ft|!mi>)> [order<!ASC|!DESC>] "
            "[count-block(COUNT=count:integer [!ANY])] [!WITHCOORD] [!WITHDIST] [!WITHHASH]",
    },
    {
        .name = "geosearchstore",
        .handler = &GeoSearchStore,
        .arity = Arity::AtLeast(8),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(1, KeyFlag::kOw | KeyFlag::kUpdate),
                 KeySpec::At(2, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kGeo,
        .group = "geo",
        .since = "6.2.0",
        .summary = "Stores the places within a circle or a box.",
        .complexity = "O(N+log(M)) with N members near the area and M in the set.",
        .history = {{"7.0.0", "Units in upper case too."}},
        .arguments =
            "destination:key#0 source:key#1 "
            "from<FROMMEMBER=member|FROMLONLAT=fromlonlat(longitude:double latitude:double)> "
            "by<circle(BYRADIUS=radius:double unit<!m|!km|!ft|!mi>)|box(BYBOX=width:double "
            "height:double unit<!m|!km|!ft|!mi>)> [order<!ASC|!DESC>] "
            "[count-block(COUNT=count:integer [!ANY])] [!STOREDIST]",
    },
};
static_assert(AllValid(kGeoCommands));

}  // namespace

absl::Span<const CommandSpec> GeoCommands() { return kGeoCommands; }

}  // namespace slotmesh::node
