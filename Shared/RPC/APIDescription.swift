/// One method of an OpenAPI document, as generated from its schema. Who may call it is added by
/// whoever serves the document.
public struct APIOperation: Sendable {
    /// "/package.Service/Method".
    public let path: StaticString
    /// The schemas that it names, as positions among all.
    public let schemas: [Int]
    /// The members of the operation by POST, in JSON without the braces.
    public let post: StaticString
    /// The same by GET; nil unless the method only reads.
    public let get: StaticString?

    public init(path: StaticString, schemas: [Int], post: StaticString, get: StaticString?) {
        self.path = path
        self.schemas = schemas
        self.post = post
        self.get = get
    }
}

/// One type of an OpenAPI document.
public struct APISchema: Sendable {
    public let name: StaticString
    /// The schemas that it names, as positions among all.
    public let schemas: [Int]
    /// In JSON.
    public let json: StaticString

    public init(name: StaticString, schemas: [Int], json: StaticString) {
        self.name = name
        self.schemas = schemas
        self.json = json
    }
}
