internal import NIOCore
internal import RPC
internal import TLS

/// A client as one event loop sees it: its own connections to all endpoints.
final class ClientLoop {
    let loop: LoopContext
    private let endpoints: [ClientEndpoint]
    private var next = 0

    init(
        _ endpoints: [ClientTarget.Endpoint], tls: TLSContext?, profile: RPCProfile,
        loop: LoopContext
    ) {
        self.loop = loop
        self.endpoints = endpoints.map {
            ClientEndpoint($0, tls: tls, profile: profile, loop: loop)
        }
    }

    func send(_ call: ClientCall, now: Instant) {
        pick(call.request.routingKey, now: now).send(call, now: now)
    }

    /// With a routing key always the same endpoint; else the next one that has a chance, those with
    /// a connection first.
    private func pick(_ routingKey: String?, now: Instant) -> ClientEndpoint {
        if endpoints.count == 1 { return endpoints[0] }
        if let routingKey { return endpoints[Self.owner(of: routingKey, among: endpoints)] }
        next = (next + 1) % endpoints.count
        let order = endpoints[next...] + endpoints[..<next]
        return order.first(where: \.isReady) ?? order.first { $0.isPromising(at: now) }
            ?? endpoints[next]
    }

    /// Rendezvous hashing (Thaler and Ravishankar 1998): the endpoint with the highest weight.
    private static func owner(of key: String, among endpoints: [ClientEndpoint]) -> Int {
        func weight(_ endpoint: ClientEndpoint) -> UInt64 {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in "\(endpoint.endpoint)\n\(key)".utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            }
            hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
            return hash ^ hash >> 31
        }
        return endpoints.indices.max { weight(endpoints[$0]) < weight(endpoints[$1]) } ?? 0
    }

    func warmUp() -> EventLoopFuture<Void> {
        .andAllComplete(endpoints.map { $0.warmUp() }, on: loop.eventLoop)
    }

    func close() {
        for endpoint in endpoints { endpoint.close() }
    }
}
