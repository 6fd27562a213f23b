/// An https URL taken apart: host, port and what is asked for.
public struct SecureAddress: Sendable, Hashable {
    public let host: String
    public let port: Int
    /// Path and query.
    public let target: String
    /// As it is written in a `host` field.
    public let authority: String

    /// Nil unless `text` is `https://host[:port][/path][?query]` in printable ASCII, without user and
    /// fragment.
    public init?(_ text: String) {
        let scheme = "https://"
        guard text.utf8.starts(with: scheme.utf8),
            text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }), !text.contains("#")
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        guard !authority.contains("@"), let (host, port) = Self.split(authority), !host.isEmpty
        else { return nil }
        self.host = host
        self.port = port
        self.authority = String(authority)
        self.target = target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    /// Host and port; an IPv6 address stands in brackets.
    private static func split(_ authority: Substring) -> (String, Int)? {
        var host = authority
        var port: Substring = "443"
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { return nil }
            if !behind.isEmpty { port = behind.dropFirst() }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard let number = Int(port), (1...65_535).contains(number) else { return nil }
        return (String(host), number)
    }
}
