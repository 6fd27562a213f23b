/// The text of a `file:///` target: one `host:port` per line, `weight=N` (1 to 100) behind it where
/// wanted; `#` starts a comment.
package enum EndpointList {
    package static let maximumBytes = 1 << 20

    package struct Fault: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Refuses the whole text for one bad line: half a list would look like endpoints that left.
    package static func parse(_ bytes: some Collection<UInt8>) throws(Fault) -> [Endpoint] {
        if bytes.count > maximumBytes {
            throw Fault(description: "more than \(maximumBytes) bytes")
        }
        var endpoints: [Endpoint] = []
        var known: Set<Endpoint.Address> = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            if words.isEmpty { continue }
            guard words.count <= 2, let weight = weight(words.dropFirst().first),
                let endpoint = Endpoint(hostAndPort: words[0], weight: weight)
            else {
                throw Fault(description: "line \(index + 1) is not host:port [weight=1...100]")
            }
            guard known.insert(endpoint.address).inserted else {
                throw Fault(description: "line \(index + 1) names \(endpoint) again")
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    private static func weight(_ word: Substring?) -> Int? {
        guard let word else { return 1 }
        guard word.hasPrefix("weight="), let weight = Int(word.dropFirst(7)),
            Endpoint.weights.contains(weight)
        else { return nil }
        return weight
    }
}
