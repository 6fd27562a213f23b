internal import AssayMessages
internal import Crypto
internal import RPC
internal import Synchronization

/// What one listener offers, as an OpenAPI 3.1 document: the unary methods that are routed on it, the
/// types that these name, and which credentials the configuration knows.
struct OpenAPIDocument: Sendable {
    static let path = "/openapi.json"

    let body: [UInt8]
    /// Another one for another document.
    let entityTag: String

    /// - Parameter listener: Its index among the configuration's.
    init(_ snapshot: GatewaySnapshot, listener: Int) {
        var writer = OpenAPIWriter(snapshot, listener: listener)
        writer.write()
        body = writer.output
        let digest = SHA256.hash(data: body).prefix(12)
        entityTag = "\"" + Base32.encode(digest) + "\""
    }

    /// Whether a caller who has these has this document, too (RFC 9110 §13.1.2).
    func isAmong(_ entityTags: [String]) -> Bool {
        entityTags.joined(separator: ",").split(separator: ",").contains { part in
            let tag = part.drop { $0 == " " || $0 == "\t" }.reversed()
                .drop { $0 == " " || $0 == "\t" }.reversed()
            let text = String(tag)
            return text == "*"
                || (text.hasPrefix("W/") ? String(text.dropFirst(2)) : text) == entityTag
        }
    }
}

/// The documents of the snapshot that serves; each is made when it is asked for first.
final class OpenAPIDocuments: Sendable {
    private struct Made {
        var snapshot: GatewaySnapshot?
        var documents: [Int: OpenAPIDocument] = [:]
    }

    private let made = Mutex(Made())

    func document(_ snapshot: GatewaySnapshot, listener: Int) -> OpenAPIDocument {
        made.withLock { made in
            if made.snapshot !== snapshot { made = Made(snapshot: snapshot) }
            if let known = made.documents[listener] { return known }
            let document = OpenAPIDocument(snapshot, listener: listener)
            made.documents[listener] = document
            return document
        }
    }
}

/// Puts a document together from the parts that were generated from the schemas.
private struct OpenAPIWriter {
    private let snapshot: GatewaySnapshot
    private let listener: Int
    private(set) var output: [UInt8] = []

    init(_ snapshot: GatewaySnapshot, listener: Int) {
        self.snapshot = snapshot
        self.listener = listener
    }

    private struct Described {
        let route: Int
        let operation: APIOperation
    }

    mutating func write() {
        let operations = routed()
        add(
            "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Assay\",\"version\":\"1\",\"description\":"
        )
        add(UnaryJSON.quote(Self.introduction))
        add("},\"servers\":[{\"url\":\"/\"}],\"tags\":[")
        let services = Set(operations.map { String(service(of: $0)) }).sorted()
        add(services.map { "{\"name\":\(UnaryJSON.quote($0))}" }.joined(separator: ","))
        add("],\"paths\":{")
        for (index, described) in operations.enumerated() {
            if index > 0 { add(",") }
            write(described)
        }
        add("},\"components\":{\"schemas\":{")
        for index in schemas(of: operations) {
            let schema = APIDescription.schemas[index]
            add("\"")
            add(schema.name)
            add("\":")
            add(schema.json)
            add(",")
        }
        add("\"Error\":")
        add(APIDescription.error)
        add("},")
        add(APIDescription.components)
        add(",\"securitySchemes\":{\(schemes)}}}\n")
    }

    private static let introduction = """
        Every method is called by POST with a JSON body at its path; methods that only read take GET, too, \
        with the request in the query. The same paths serve gRPC, and streams are served by gRPC alone. \
        64-bit integers are texts in replies, and may be numbers in requests. Keys that a schema does not \
        have are refused. Values of an enumeration that are newer than this document come as numbers.
        """

    // MARK: What is there

    private func routed() -> [Described] {
        let routes = snapshot.routes
        return APIDescription.operations.compactMap { operation in
            let path = operation.path.withUTF8Buffer { routes.route(UnsafeRawBufferPointer($0)) }
            guard let path, snapshot.settings[path].isReachable(on: listener) else { return nil }
            return Described(route: path, operation: operation)
        }
    }

    private func service(of described: Described) -> Substring {
        snapshot.routes.routes[described.route].method.service
    }

    /// All that the operations name, directly or not.
    private func schemas(of operations: [Described]) -> [Int] {
        var seen = Set(operations.flatMap(\.operation.schemas))
        var waiting = Array(seen)
        while let next = waiting.popLast() {
            for index in APIDescription.schemas[next].schemas where seen.insert(index).inserted {
                waiting.append(index)
            }
        }
        return seen.sorted()
    }

    private mutating func write(_ described: Described) {
        let security = security(of: described.route)
        add("\"")
        add(described.operation.path)
        add("\":{\"post\":{")
        add(described.operation.post)
        add(security)
        if let get = described.operation.get {
            add("},\"get\":{")
            add(get)
            add(security)
        }
        add("}}")
    }

    // MARK: Who may call

    private var authentication: GatewayConfiguration.Authentication {
        snapshot.configuration.authentication
    }

    /// Whether callers of this listener can show a certificate.
    private var takesCertificates: Bool {
        snapshot.configuration.listeners[listener].tls?.clientAuthorities != nil
    }

    /// One for each credential that is enough, with the scope that it must grant.
    private func security(of route: Int) -> String {
        let needsCertificate = snapshot.settings[route].requiresCertificate
        let certificate = needsCertificate ? ["\"mutualTLS\":[]"] : []
        var choices: [[String]] = []
        if let required = snapshot.routes.routes[route].requiredScope {
            let scopes = snapshot.scopes.names(of: required).map(UnaryJSON.quote)
                .joined(separator: ",")
            if authentication.apiKeys != nil {
                choices.append(["\"apiKey\":[\(scopes)]"] + certificate)
            }
            if hasBearers { choices.append(["\"bearer\":[\(scopes)]"] + certificate) }
            if hasNamedCertificates { choices.append(["\"mutualTLS\":[\(scopes)]"]) }
        } else if needsCertificate {
            choices.append(certificate)
        }
        let texts = choices.map { "{\($0.joined(separator: ","))}" }
        return ",\"security\":[\(texts.joined(separator: ","))]"
    }

    private var hasBearers: Bool {
        authentication.apiKeys != nil || !authentication.issuers.isEmpty
    }

    private var hasNamedCertificates: Bool {
        takesCertificates && !authentication.certificates.isEmpty
    }

    private var schemes: String {
        var schemes: [String] = []
        if authentication.apiKeys != nil {
            schemes.append(
                "\"apiKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-api-key\"}")
        }
        if hasBearers {
            let what = [
                authentication.issuers.isEmpty ? nil : "a token",
                authentication.apiKeys == nil ? nil : "an API key",
            ].compactMap(\.self).joined(separator: " or ")
            let format = authentication.issuers.isEmpty ? "" : ",\"bearerFormat\":\"JWT\""
            schemes.append(
                "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"\(format),\"description\":"
                    + "\"In authorization: \(what).\"}")
        }
        if takesCertificates {
            schemes.append(
                "\"mutualTLS\":{\"type\":\"mutualTLS\",\"description\":\"A client certificate.\"}")
        }
        return schemes.joined(separator: ",")
    }

    // MARK: Text

    private mutating func add(_ text: String) { output += text.utf8 }

    private mutating func add(_ text: StaticString) {
        text.withUTF8Buffer { output += $0 }
    }
}
