import Foundation
import GatewayCore
import Observability
import RPC
import ServiceRuntime

/// What the gateway shows of itself on its admin port, besides what every service shows. No secret is
/// on any page: the configuration has names of files, and of keys their public ids.
struct GatewayPages: Sendable {
    let serving: ServingSlot
    let limits: GatewayLimits
    let admission: AdmissionControl

    func add(to pages: AdminPages) {
        pages.add("/config") { _ in .json(configuration.rendered) }
        pages.add("/debug/routes") { _ in .json(routes.rendered) }
        pages.add("/debug/limits") { limits($0) }
    }

    // MARK: /config

    /// What is in force, by part, without the API keys, which may be many.
    private var configuration: JSONText {
        let snapshot = serving.current.snapshot
        var parts: [(String, JSONText)] = []
        var entries: [(String, JSONText)] = []
        let listing = ConfigurationListing(snapshot, withKeys: false).entries
        for (index, entry) in listing.enumerated() {
            entries.append((entry.key, .string(entry.value)))
            let isLast = index + 1 == listing.count || listing[index + 1].part != entry.part
            guard isLast else { continue }
            parts.append((entry.part, .object(entries)))
            entries = []
        }
        return .object([
            ("hash", .string(ConfigurationListing(snapshot).hash)),
            ("api_keys", .integer(snapshot.keys.entries.count)),
            ("configuration", .object(parts)),
        ])
    }

    // MARK: /debug/routes

    /// Everything that can be called from outside, and on which terms.
    private var routes: JSONText {
        let snapshot = serving.current.snapshot
        return .array(
            snapshot.routes.routes.indices.map { index in
                let route = snapshot.routes.routes[index]
                let settings = snapshot.settings[index]
                let scopes = route.requiredScope.map { snapshot.scopes.names(of: $0) } ?? []
                let listeners = snapshot.configuration.listeners.indices
                    .filter { settings.isReachable(on: $0) }
                    .map { JSONText.string(snapshot.configuration.listeners[$0].name) }
                return .object([
                    ("method", .string(route.method.path)),
                    ("scope", scopes.isEmpty ? .null : .string(scopes.joined(separator: " "))),
                    ("kind", .string("\(route.method.kind)")),
                    ("cost", .integer(route.method.cost)),
                    ("deadline_ms", .number(route.method.serverDeadline / .milliseconds(1))),
                    ("maximum_request_bytes", .integer(route.method.maximumRequestBytes)),
                    ("upstream", .string(snapshot.configuration.upstreams[route.upstream].name)),
                    ("listeners", .array(listeners)),
                    ("client_certificate", .truth(settings.requiresCertificate)),
                    ("audit", .truth(settings.isAudited)),
                    ("criticality", .optional(settings.criticality) { .string("\($0)") }),
                    ("limits", limits(of: route, snapshot.configuration)),
                ])
            })
    }

    /// By plan: the rules that count a call of the method.
    private func limits(of route: Route, _ configuration: GatewayConfiguration) -> JSONText {
        .object(
            configuration.plans.map { plan in
                let own = plan.methods.first { $0.method == route.method.path.dropFirst() }
                let rules = [
                    ("tenant", plan.tenant), ("client", plan.client), ("method", own?.rule),
                ]
                return (
                    plan.name,
                    .object(
                        rules.compactMap { name, rule in
                            rule.map { (name, .string(ConfigurationListing.text($0))) }
                        })
                )
            })
    }

    // MARK: /debug/limits

    private func limits(_ request: AdminRequest) -> AdminResponse {
        guard let name = request.parameter("client"), !name.isEmpty else {
            return .text(
                "of whom? /debug/limits?client=TENANT/CLIENT, or the id of an API key\n",
                status: 400)
        }
        let snapshot = serving.current.snapshot
        let now = Int64(clamping: GatewayClock.system.now().nanoseconds)
        let callers = limits.standings(of: name, in: snapshot, now: now)
        guard let first = callers.first else {
            return .text(
                "nobody is called so: a name is TENANT/CLIENT, or the id of an API key\n",
                status: 404)
        }
        let rates = limits.rates
        let source = rates.hasStore && rates.storeState == 0 ? "store" : "share"
        let page = JSONText.object([
            ("client", .string("\(first.tenant)/\(first.client)")),
            ("source", .string(source)),
            ("store_state", rates.hasStore ? .integer(rates.storeState) : .null),
            ("replicas", .integer(rates.replicas.value)),
            (
                "in_flight",
                .object([
                    (
                        "client",
                        .integer(admission.inFlight(tenant: first.tenant, client: first.client))
                    ), ("tenant", .integer(admission.inFlight(tenant: first.tenant))),
                ])
            ), ("callers", .array(callers.map(Self.text))),
        ])
        return .json(page.rendered)
    }

    private static func text(_ caller: CallerStanding) -> JSONText {
        .object([
            ("key_id", .optional(caller.keyID) { .string($0) }), ("plan", .string(caller.plan)),
            (
                "rules",
                .array(
                    caller.rules.map { standing in
                        .object([
                            ("level", .string("\(standing.rule.level)")),
                            ("method", .optional(standing.method) { .string($0) }),
                            ("limit", .integer(standing.rule.rate.limit)),
                            (
                                "period_s",
                                .integer(Int(standing.rule.rate.period.components.seconds))
                            ), ("burst", .integer(standing.rule.rate.burst)),
                            ("counts", .string(standing.rule.countsCost ? "cost" : "requests")),
                            ("shadow", .truth(standing.rule.isShadow)),
                            ("remaining", .integer(standing.remaining)),
                            ("until_full_ms", .integer(Int(standing.untilFull / 1_000_000))),
                        ])
                    })
            ),
            (
                "remembered",
                .array(
                    caller.remembered.map { remembered in
                        .object([
                            ("method", .string(remembered.method)),
                            ("refused_for_ms", .integer(Int(remembered.refusedFor / 1_000_000))),
                            ("leased", .integer(remembered.leased)),
                        ])
                    })
            ),
        ])
    }
}
