import GatewayCore
import RPCTransport

// What the configuration says of clients' connections, in the terms of those who keep them.

extension RPCProfile {
    static func edge(_ limits: GatewayConfiguration.Connections) -> RPCProfile {
        var profile = RPCProfile.edge
        profile.maximumConnections = limits.total
        profile.maximumConnectionsPerAddress = limits.perAddress
        profile.maximumHandshakes = limits.handshakes
        profile.handshakeTimeout = limits.timeouts.handshake
        profile.http2.settingsTimeout = limits.timeouts.settings
        profile.http2.headerBlockTimeout = limits.timeouts.headers
        profile.http2.firstRequestTimeout = limits.timeouts.firstRequest
        profile.http2.progressInterval = limits.timeouts.body
        profile.http2.stallTimeout = limits.timeouts.stall
        return profile
    }
}

extension HTTP1Limits {
    static func edge(_ limits: GatewayConfiguration.Connections) -> HTTP1Limits {
        var http1 = HTTP1Limits.edge
        http1.headerTimeout = limits.timeouts.headers
        http1.idleTimeout = limits.timeouts.idle
        return http1
    }
}
