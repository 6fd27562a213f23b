/// A request to the admin port, as a page sees it.
public struct AdminRequest: Sendable, Hashable {
    /// Without the query.
    public var path: String
    /// What stands behind the question mark, as it came.
    public var query: String
    /// The `accept` field; empty if there is none.
    public var accept: String

    public init(path: String, query: String = "", accept: String = "") {
        self.path = path
        self.query = query
        self.accept = accept
    }

    /// The first value of the name in the query, decoded; nil if it is not there.
    public func parameter(_ name: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if Self.decoded(parts[0]) == name {
                return parts.count == 2 ? Self.decoded(parts[1]) : ""
            }
        }
        return nil
    }

    /// Percent-decoded, a plus sign being a space.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the media type is asked for by name.
    public func accepts(_ mediaType: String) -> Bool {
        accept.split(separator: ",").contains { part in
            let type = part.prefix { $0 != ";" }
            return type.filter { $0 != " " }.lowercased() == mediaType
        }
    }
}
