extension GatewayConfiguration {
    static func connections(_ value: YAMLValue?) throws(ConfigurationError) -> Connections {
        let fields =
            try value?.fields(optional: ["total", "per_address", "handshakes", "timeouts"]) ?? [:]
        var limits = Connections()
        limits.total = try fields["total"]?.integer(1...1_000_000) ?? limits.total
        limits.perAddress =
            try fields["per_address"]?.integer(1...1_000_000) ?? limits.perAddress
        limits.handshakes = try fields["handshakes"]?.integer(1...1_000_000) ?? limits.handshakes
        limits.timeouts = try connectionTimeouts(fields["timeouts"])
        return limits
    }

    private static func connectionTimeouts(
        _ value: YAMLValue?
    ) throws(ConfigurationError) -> ConnectionTimeouts {
        let fields =
            try value?.fields(optional: [
                "handshake", "settings", "headers", "first_request", "body", "stall", "idle",
            ]) ?? [:]
        var timeouts = ConnectionTimeouts()
        timeouts.handshake = try patience(fields["handshake"]) ?? timeouts.handshake
        timeouts.settings = try patience(fields["settings"]) ?? timeouts.settings
        timeouts.headers = try patience(fields["headers"]) ?? timeouts.headers
        timeouts.firstRequest = try patience(fields["first_request"]) ?? timeouts.firstRequest
        timeouts.body = try patience(fields["body"]) ?? timeouts.body
        timeouts.stall = try patience(fields["stall"]) ?? timeouts.stall
        timeouts.idle = try patience(fields["idle"]) ?? timeouts.idle
        return timeouts
    }

    private static func patience(_ value: YAMLValue?) throws(ConfigurationError) -> Duration? {
        guard let value else { return nil }
        let duration = try value.duration()
        guard (.milliseconds(10) ... .seconds(3600)).contains(duration) else {
            throw value.error("expected a duration from 10ms to 1h")
        }
        return duration
    }
}
