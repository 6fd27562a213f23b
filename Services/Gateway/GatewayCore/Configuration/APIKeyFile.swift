/// The key file: what is stored of each key, and no secret.
public struct APIKeyFile: Sendable {
    public struct Entry: Sendable, Hashable {
        public var id: String
        public var tenant: String
        public var client: String
        public var plan: String?
        public var scopes: [String]
        public var roles: [String]
        public var mac: [UInt8]
        public var pepper: Int
        public var notBefore: Int64?
        public var expires: Int64?
        public var state: APIKeyRecord.State
        /// SHA-256 of the client certificate that must accompany the key.
        public var certificate: [UInt8]?
        /// Where the entry stands, for complaints about what it names.
        public var line: Int

        public init(
            id: String, tenant: String, client: String, plan: String?, scopes: [String],
            roles: [String] = [], mac: [UInt8], pepper: Int, notBefore: Int64? = nil,
            expires: Int64? = nil, state: APIKeyRecord.State = .active,
            certificate: [UInt8]? = nil, line: Int = 0
        ) {
            self.id = id
            self.tenant = tenant
            self.client = client
            self.plan = plan
            self.scopes = scopes
            self.roles = roles
            self.mac = mac
            self.pepper = pepper
            self.notBefore = notBefore
            self.expires = expires
            self.state = state
            self.certificate = certificate
            self.line = line
        }
    }

    /// More keys than this are refused.
    public static let maximumKeys = 100_000

    public var file: String
    public var entries: [Entry]

    public init(file: String = "", entries: [Entry]) {
        self.file = file
        self.entries = entries
    }

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try YAMLValue(parsing: text, file: file)
        let fields = try root.fields(required: ["version", "keys"])
        _ = try fields["version"]?.integer(1...1)
        let list = try fields["keys"]?.list() ?? []
        guard list.count <= Self.maximumKeys else {
            throw root.error("more than \(Self.maximumKeys) keys")
        }
        var seen: Set<String> = []
        self.init(file: file, entries: [])
        for item in list {
            let entry = try Self.entry(item)
            guard seen.insert(entry.id).inserted else {
                throw item.error("the key \(entry.id) is there twice")
            }
            entries.append(entry)
        }
    }

    private static func entry(_ item: YAMLValue) throws(ConfigurationError) -> Entry {
        let fields = try item.fields(
            required: ["id", "tenant", "client", "mac", "pepper"],
            optional: ["plan", "scopes", "roles", "not_before", "expires", "state", "certificate"])
        let id = try fields["id"]?.name() ?? ""
        guard id.utf8.count == APIKey.idLength, id.utf8.allSatisfy(Base32.isDigit) else {
            throw item.error("an id has \(APIKey.idLength) characters of a–z and 2–7")
        }
        guard let mac = hexadecimal(try fields["mac"]?.string() ?? ""), mac.count == 32 else {
            throw item.error("mac has 64 hexadecimal digits")
        }
        let certificate = try fields["certificate"].map(thumbprint)
        guard let state = APIKeyRecord.State(rawValue: try fields["state"]?.string() ?? "active")
        else { throw item.error("state is active or revoked") }
        return Entry(
            id: id, tenant: try fields["tenant"]?.name() ?? "",
            client: try fields["client"]?.name() ?? "", plan: try fields["plan"]?.name(),
            scopes: try fields["scopes"]?.names() ?? [], roles: try fields["roles"]?.names() ?? [],
            mac: mac, pepper: try fields["pepper"]?.integer(1...1_000_000) ?? 0,
            notBefore: try seconds(fields["not_before"]), expires: try seconds(fields["expires"]),
            state: state, certificate: certificate, line: item.node.mark?.line ?? 0)
    }

    private static func seconds(_ value: YAMLValue?) throws(ConfigurationError) -> Int64? {
        guard let value else { return nil }
        return Int64(try value.integer(0...253_402_300_799))
    }

    private static func thumbprint(_ value: YAMLValue) throws(ConfigurationError) -> [UInt8] {
        guard let bytes = thumbprint(try value.string()) else {
            throw value.error("certificate is a SHA-256: 64 hexadecimal digits")
        }
        return bytes
    }

    /// 64 hexadecimal digits, with or without the colons that OpenSSL prints.
    public static func thumbprint(_ text: String) -> [UInt8]? {
        hexadecimal(text.filter { $0 != ":" }).flatMap { $0.count == 32 ? $0 : nil }
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard !pair.hasPrefix("+"), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// The file's text, which `init(yaml:file:)` reads back.
    public var yaml: String {
        if entries.isEmpty { return "version: 1\nkeys: []\n" }
        return "version: 1\nkeys:\n" + entries.map { $0.yaml(indentation: "  ") }.joined()
    }
}

extension APIKeyFile.Entry {
    /// As an item of the list of keys, with a line break at the end.
    func yaml(indentation: String) -> String {
        var lines = ["- id: \(id)", "  tenant: \(tenant)", "  client: \(client)"]
        if let plan { lines.append("  plan: \(plan)") }
        lines.append("  scopes: [\(scopes.joined(separator: ", "))]")
        if !roles.isEmpty { lines.append("  roles: [\(roles.joined(separator: ", "))]") }
        lines.append("  mac: \"\(Self.hexadecimal(mac))\"")
        lines.append("  pepper: \(pepper)")
        if let notBefore { lines.append("  not_before: \(notBefore)") }
        if let expires { lines.append("  expires: \(expires)") }
        if let certificate { lines.append("  certificate: \"\(Self.hexadecimal(certificate))\"") }
        lines.append("  state: \(state.rawValue)")
        return lines.map { indentation + $0 + "\n" }.joined()
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
