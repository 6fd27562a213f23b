public import TLS

/// Where a server is and who asks: `redis://[user[:password]@]host[:port][/database]`, or `rediss://`
/// for TLS.
public struct RedisURL: Sendable, Hashable {
    public var host: String
    public var port = 6379
    /// Empty for the default user.
    public var username = ""
    public var password: String?
    public var database = 0
    public var isEncrypted = false

    /// What is wrong with a text that is no such URL.
    public struct Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    public init(_ text: String) throws(Mistake) {
        var rest = text[...]
        if rest.hasPrefix("redis://") {
            rest = rest.dropFirst(8)
        } else if rest.hasPrefix("rediss://") {
            rest = rest.dropFirst(9)
            isEncrypted = true
        } else {
            throw Mistake(description: "it must begin with redis:// or rediss://")
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let path = rest[end...]
        rest = rest[..<end]
        host = ""
        if let at = rest.lastIndex(of: "@") {
            try readUser(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        try readAddress(rest)
        if !path.isEmpty, path != "/" { try readDatabase(path) }
    }

    private mutating func readUser(_ text: Substring) throws(Mistake) {
        let colon = text.firstIndex(of: ":")
        username = try Self.decoded(text[..<(colon ?? text.endIndex)])
        if let colon { password = try Self.decoded(text[text.index(after: colon)...]) }
    }

    private mutating func readAddress(_ text: Substring) throws(Mistake) {
        var name = text
        // The last colon is the port's, unless it belongs to an IPv6 address.
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let digits = text[text.index(after: colon)...]
            guard let number = UInt16(digits), number > 0, digits.first != "+" else {
                throw Mistake(description: "its port must be 1 to 65535, not \"\(digits)\"")
            }
            port = Int(number)
            name = text[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
        } else if name.contains(":") {
            throw Mistake(description: "an IPv6 address stands in brackets")
        }
        guard !name.isEmpty else { throw Mistake(description: "it names no host") }
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 != UInt8(ascii: "%") }) else {
            throw Mistake(description: "its host has a letter that no host has")
        }
        host = String(name)
    }

    private mutating func readDatabase(_ path: Substring) throws(Mistake) {
        guard path.first == "/", let number = UInt16(path.dropFirst()),
            path.dropFirst().first != "+"
        else {
            throw Mistake(
                description: "behind the address only the number of a database may follow")
        }
        database = Int(number)
    }

    /// `%41` is `A`: a password may have any letters.
    private static func decoded(_ text: Substring) throws(Mistake) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            else { throw Mistake(description: "a % in user and password stands before two digits") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Mistake(description: "user and password must be UTF-8")
        }
        return decoded
    }

    /// The server it leads to.
    ///
    /// - Parameter tls: needed, and used, if the URL asks for TLS.
    public func configuration(tls: TLSContext? = nil) -> RedisConnection.Configuration {
        var configuration = RedisConnection.Configuration(host: host, port: port)
        configuration.username = username
        configuration.password = password
        configuration.database = database
        if isEncrypted { configuration.tls = tls }
        return configuration
    }
}

extension RedisURL: CustomStringConvertible {
    /// Without user and password.
    public var description: String {
        (isEncrypted ? "rediss://" : "redis://")
            + (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
            + (database == 0 ? "" : "/\(database)")
    }
}
