/// The endpoints of a client: "host:port", several separated by commas.
struct ClientTarget: Sendable {
    struct Endpoint: Sendable, Hashable, CustomStringConvertible {
        let host: String
        let port: Int
        var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    let endpoints: [Endpoint]

    /// Nil if a part is not a host and a port. An IPv6 address stands in brackets.
    init?(_ text: String) {
        var endpoints: [Endpoint] = []
        for part in text.split(separator: ",") {
            guard let colon = part.lastIndex(of: ":"),
                let port = UInt16(part[part.index(after: colon)...]), port > 0
            else { return nil }
            var host = part[..<colon]
            if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            guard !host.isEmpty else { return nil }
            endpoints.append(Endpoint(host: String(host), port: Int(port)))
        }
        if endpoints.isEmpty { return nil }
        self.endpoints = endpoints
    }
}
