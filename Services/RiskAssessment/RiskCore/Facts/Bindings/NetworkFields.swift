internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Network> {
    static let network: [FactField] = [
        .text("ip.addr", "network.address") { $0.address },
        .text("ip.asn", "network.asn") { $0.asn },
        .country("ip.country", "network.country") { $0.country },
        .whole("ip.forward_hops", "network.forward_hops") { $0.forwardHops.map { Int64($0) } },
        .flag("ip.is_datacenter", "network.is_datacenter") { $0.isDatacenter },
        .flag("ip.is_mobile", "network.is_mobile") { $0.isMobile },
        .flag("ip.is_proxy", "network.is_proxy") { $0.isProxy },
        .flag("ip.is_residential_proxy", "network.is_residential_proxy") {
            $0.isResidentialProxy
        },
        .flag("ip.is_tor", "network.is_tor") { $0.isTor },
        .flag("ip.is_vpn", "network.is_vpn") { $0.isVpn },
        .whole("ip.risk", "network.risk") { $0.risk.map { Int64($0) } },
        .whole("ip.tz_offset_min", "network.utc_offset_min") { $0.utcOffsetMin.map { Int64($0) } },
    ]
}
