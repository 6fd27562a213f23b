extension GatewayConfiguration {
    static func authentication(
        _ value: YAMLValue
    ) throws(ConfigurationError) -> Authentication {
        let fields = try value.fields(optional: ["api_keys", "issuers", "certificates"])
        var issuers: [Issuer] = []
        for item in try fields["issuers"]?.list() ?? [] {
            let issuer = try issuer(item)
            guard !issuers.contains(where: { $0.issuer == issuer.issuer }) else {
                throw item.error("the issuer \"\(issuer.issuer)\" is there twice")
            }
            issuers.append(issuer)
        }
        var certificates: [CertificateRule] = []
        for item in try fields["certificates"]?.list() ?? [] {
            let rule = try certificate(item)
            guard !certificates.contains(where: { $0.subject == rule.subject }) else {
                throw item.error("this certificate is there twice")
            }
            certificates.append(rule)
        }
        guard !fields.isEmpty else {
            throw value.error("expected at least one of api_keys, issuers, certificates")
        }
        return Authentication(
            apiKeys: try fields["api_keys"].map(apiKeys), issuers: issuers,
            certificates: certificates)
    }

    private static func apiKeys(_ value: YAMLValue) throws(ConfigurationError) -> APIKeys {
        let fields = try value.fields(required: ["file", "peppers"])
        var peppers: [Int: String] = [:]
        for (key, file) in try fields["peppers"]?.entries() ?? [] {
            peppers[try key.integer(1...1_000_000)] = try file.string()
        }
        guard !peppers.isEmpty else { throw value.error("at least one pepper is needed") }
        return APIKeys(file: try fields["file"]?.string() ?? "", peppers: peppers)
    }

    // MARK: Issuers of tokens

    private static func issuer(_ value: YAMLValue) throws(ConfigurationError) -> Issuer {
        let fields = try value.fields(
            required: ["issuer", "audience"],
            optional: [
                "jwks_url", "jwks_file", "ca", "algorithm", "max_lifetime", "claims", "tenants",
            ])
        let url = try fields["jwks_url"].map(secureURL)
        let file = try fields["jwks_file"]?.string()
        guard url != nil || file != nil else {
            throw value.error("jwks_url or jwks_file is missing: where the issuer's keys are")
        }
        let lifetime = try fields["max_lifetime"]?.duration() ?? .seconds(86_400)
        guard (.seconds(60) ... .seconds(2_678_400)).contains(lifetime) else {
            throw (fields["max_lifetime"] ?? value).error("expected a duration from 1m to 31d")
        }
        return Issuer(
            issuer: try fields["issuer"]?.text() ?? "",
            audiences: try audiences(fields["audience"] ?? value), keySetURL: url,
            keySetFile: file, authorities: try fields["ca"]?.string(),
            algorithm: try fields["algorithm"]?.oneOf(), maximumLifetime: lifetime,
            claims: try claims(fields["claims"]), tenants: try fields["tenants"]?.names() ?? [],
            place: value.place)
    }

    private static func audiences(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        guard value.isList else { return [try value.text()] }
        var audiences: [String] = []
        for item in try value.list() { audiences.append(try item.text()) }
        guard !audiences.isEmpty else { throw value.error("expected at least one audience") }
        return audiences
    }

    private static func claims(_ value: YAMLValue?) throws(ConfigurationError) -> Claims {
        let fields = try value?.fields(optional: ["tenant", "client", "scopes", "roles"]) ?? [:]
        var claims = Claims()
        claims.tenant = try fields["tenant"]?.text() ?? claims.tenant
        claims.client = try fields["client"]?.text() ?? claims.client
        claims.scopes = try fields["scopes"]?.text() ?? claims.scopes
        claims.roles = try fields["roles"]?.text() ?? claims.roles
        return claims
    }

    /// https with a host, and nothing that would send a secret or be lost on the way.
    private static func secureURL(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.text()
        let rest = text.dropFirst(8)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let isGood =
            text.hasPrefix("https://") && !host.isEmpty
            && !host.contains("@") && !text.contains("#") && !text.contains(" ")
            && text.utf8.allSatisfy { (0x21..<0x7F).contains($0) }
        guard isGood else {
            throw value.error(
                "expected a URL such as https://login.bank.example/jwks, without user and "
                    + "fragment, found \"\(text)\"")
        }
        return text
    }

    // MARK: Certificates

    private static func certificate(
        _ value: YAMLValue
    ) throws(ConfigurationError) -> CertificateRule {
        let fields = try value.fields(
            required: ["tenant", "client"],
            optional: ["spiffe", "dns", "sha256", "roles", "scopes"]
        )
        var subjects: [CertificateRule.Subject] = []
        if let spiffe = fields["spiffe"] { subjects.append(.spiffe(try spiffeID(spiffe))) }
        if let dns = fields["dns"] { subjects.append(.dns(try dns.name().lowercased())) }
        if let print = fields["sha256"] { subjects.append(.thumbprint(try thumbprint(print))) }
        guard subjects.count == 1 else {
            throw value.error("expected exactly one of spiffe, dns, sha256")
        }
        return CertificateRule(
            subject: subjects[0], tenant: try fields["tenant"]?.name() ?? "",
            client: try fields["client"]?.name() ?? "", roles: try fields["roles"]?.names() ?? [],
            scopes: try fields["scopes"]?.names() ?? [], place: value.place)
    }

    static func spiffeID(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.text()
        let parts = text.dropFirst(9).split(separator: "/", omittingEmptySubsequences: false)
        let isGood =
            text.hasPrefix("spiffe://") && parts.count >= 2 && text.utf8.count <= 2048
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
                    && part.utf8.allSatisfy { SafeText.isName(CollectionOfOne($0)) }
            }
        guard isGood else {
            throw value.error(
                "expected a SPIFFE ID such as spiffe://bank.example/payments, found \"\(text)\"")
        }
        return text
    }

    /// As tools print it, too: in capitals, with colons between.
    private static func thumbprint(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let digits = try value.string().lowercased().filter { $0 != ":" }
        guard digits.utf8.count == 64,
            digits.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            })
        else { throw value.error("expected the 64 hexadecimal digits of a SHA-256") }
        return digits
    }
}
