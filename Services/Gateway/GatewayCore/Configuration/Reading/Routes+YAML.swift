internal import RPC

extension GatewayConfiguration {
    static func routes(
        _ value: YAMLValue, upstreams: [Upstream]
    ) throws(ConfigurationError) -> [Route] {
        var routes: [Route] = []
        for item in try value.list() {
            let route = try route(item, upstreams: upstreams)
            guard !routes.contains(where: { $0.service == route.service }) else {
                throw item.error("\"\(route.service)\" is routed twice")
            }
            routes.append(route)
        }
        return routes
    }

    private static let callSettings = [
        "client_certificate", "audit", "criticality", "max_messages", "max_bytes",
    ]

    private static func route(
        _ value: YAMLValue, upstreams: [Upstream]
    ) throws(ConfigurationError) -> Route {
        let fields = try value.fields(
            required: ["service", "upstream"], optional: ["listeners", "methods"] + callSettings)
        var methods: [String: CallSettings] = [:]
        for (key, item) in try fields["methods"]?.entries() ?? [] {
            methods[try key.name()] = try settings(
                try item.fields(optional: callSettings), place: key.place)
        }
        let route = Route(
            service: try fields["service"]?.name() ?? "",
            upstream: try fields["upstream"]?.name() ?? "",
            listeners: try fields["listeners"]?.names(),
            settings: try settings(fields, place: value.place), methods: methods,
            place: value.place)
        guard upstreams.contains(where: { $0.name == route.upstream }) else {
            throw (fields["upstream"] ?? value).error(
                "there is no upstream \"\(route.upstream)\", only "
                    + enumerated(Set(upstreams.map(\.name))))
        }
        guard route.listeners?.isEmpty != true else {
            throw (fields["listeners"] ?? value).error(
                "expected at least one listener; without the key it is reachable on all")
        }
        return route
    }

    private static func settings(
        _ fields: [String: YAMLValue], place: SourcePlace
    ) throws(ConfigurationError) -> CallSettings {
        var settings = CallSettings()
        if let certificate = fields["client_certificate"] {
            let word = try certificate.oneOf(["optional", "required"])
            settings.clientCertificate = word == "required" ? .required : .optional
        }
        if let audit = fields["audit"] {
            settings.isAudited = try audit.oneOf(["required", "none"]) == "required"
        }
        settings.criticality = try criticality(fields["criticality"])
        settings.maximumMessages = try fields["max_messages"]?.integer(1...1_000_000_000)
        settings.maximumBytes = try fields["max_bytes"]?.bytes(1...(1 << 40))
        settings.place = place
        return settings
    }

    static func upstreams(_ value: YAMLValue) throws(ConfigurationError) -> [Upstream] {
        var upstreams: [Upstream] = []
        for (key, item) in try value.entries() {
            upstreams.append(try upstream(item, name: try key.name()))
        }
        return upstreams
    }

    private static func upstream(
        _ value: YAMLValue, name: String
    ) throws(ConfigurationError) -> Upstream {
        let fields = try value.fields(
            required: ["target"],
            optional: ["balancing", "expect", "in_flight", "pending", "timeouts", "required"])
        let times = try fields["timeouts"]?.fields(optional: ["connect", "call"]) ?? [:]
        var expect: [String] = []
        for item in try fields["expect"]?.list() ?? [] { expect.append(try spiffeID(item)) }
        return Upstream(
            name: name, target: try fields["target"].map(target) ?? "",
            balancing: try fields["balancing"]?.oneOf() ?? .p2c, expect: expect,
            maximumInFlight: try fields["in_flight"]?.integer(1...1_000_000) ?? 1024,
            maximumPending: try fields["pending"]?.integer(0...1_000_000) ?? 128,
            connectTimeout: try time(times["connect"]) ?? .seconds(2),
            callTimeout: try time(times["call"]),
            isRequired: try fields["required"]?.boolean() ?? false)
    }

    private static func target(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.text()
        do throws(ClientTarget.Fault) {
            _ = try ClientTarget(text)
        } catch {
            throw value.error(error.description)
        }
        return text
    }

    private static func time(_ value: YAMLValue?) throws(ConfigurationError) -> Duration? {
        guard let value else { return nil }
        let time = try value.duration()
        guard (.milliseconds(1) ... .seconds(86_400)).contains(time) else {
            throw value.error("expected a duration from 1ms to 24h")
        }
        return time
    }
}
