/// One place that serves the calls of a client.
package struct Endpoint: Sendable, Hashable {
    package enum Address: Sendable, Hashable {
        /// A name or an IP address, without brackets.
        case host(String, port: Int)
        /// A socket in the file system.
        case unix(path: String)
    }

    package let address: Address
    /// Its share of a ring, relative to the others: 1...100.
    package let weight: Int
    /// What calls say in `:authority`; nil means the address.
    package let name: String?

    package static let weights = 1...100

    package init(_ address: Address, weight: Int = 1, name: String? = nil) {
        precondition(Self.weights.contains(weight), "a weight is 1 to 100")
        self.address = address
        self.weight = weight
        self.name = name
    }

    package var authority: String {
        if let name { return name }
        switch address {
        case .host: return description
        case .unix: return "localhost"
        }
    }

    /// Whether the address is an IPv6 address.
    var isIPv6: Bool {
        if case .host(let host, _) = address { return host.contains(":") }
        return false
    }
}

extension Endpoint: CustomStringConvertible {
    /// "10.0.0.7:7003", "[::1]:7003" or "unix:/run/a.sock".
    package var description: String {
        switch address {
        case .host(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension Endpoint {
    /// Reads "host:port"; an IPv6 address stands in brackets. Nil if it is anything else.
    package init?(hostAndPort text: some StringProtocol, weight: Int = 1) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0,
            text[text.index(after: colon)] != "+"
        else { return nil }
        var host = Substring(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isSpelled = host.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && !"/,[]@".utf8.contains($0)
        }
        guard isSpelled, !host.isEmpty, host.utf8.count <= 253 else { return nil }
        self.init(.host(String(host), port: Int(port)), weight: weight)
    }
}
