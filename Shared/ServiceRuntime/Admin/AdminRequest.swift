/// A request to the admin port, as a page sees it.
public struct AdminRequest: Sendable, Hashable {
    /// Without the query.
    public var path: String
    /// The `accept` field; empty if there is none.
    public var accept: String

    public init(path: String, accept: String = "") {
        self.path = path
        self.accept = accept
    }

    /// Whether the media type is asked for by name.
    public func accepts(_ mediaType: String) -> Bool {
        accept.split(separator: ",").contains { part in
            let type = part.prefix { $0 != ";" }
            return type.filter { $0 != " " }.lowercased() == mediaType
        }
    }
}
