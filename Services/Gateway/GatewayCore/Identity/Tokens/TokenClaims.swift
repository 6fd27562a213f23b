/// The claims of a token that have a meaning of their own [RFC 7519, section 4.1], checked for form.
struct TokenClaims {
    /// How far the clocks of issuer and gateway may be apart, in seconds.
    static let skew: Int64 = 60
    /// 9999-12-31, in seconds since 1970: later is no date.
    private static let latestDate = 253_402_300_799.0

    private let claims: [String: JSONValue]
    let expires: Int64
    let notBefore: Int64?
    let issuedAt: Int64?

    init(_ claims: [String: JSONValue]) throws(TokenRefusal) {
        self.claims = claims
        // A part of a second counts against the token.
        guard let expires = try Self.date(claims["exp"], .down) else { throw .claim }
        self.expires = expires
        notBefore = try Self.date(claims["nbf"], .up)
        issuedAt = try Self.date(claims["iat"], .down)
    }

    static func issuer(_ claims: [String: JSONValue]) -> String? { claims["iss"]?.text }

    private static func date(
        _ value: JSONValue?, _ rule: FloatingPointRoundingRule
    ) throws(TokenRefusal) -> Int64? {
        guard let value else { return nil }
        guard case .number(let number) = value, number >= 0, number <= latestDate else {
            throw .claim
        }
        return Int64(number.rounded(rule))
    }

    /// Dates against the wall clock, then audience and lifetime.
    func check(_ issuer: GatewayConfiguration.Issuer, wallClock: Int64) throws(TokenRefusal) {
        guard wallClock < expires + Self.skew else { throw .expired }
        guard (notBefore ?? 0) <= wallClock + Self.skew else { throw .notYetValid }
        guard (issuedAt ?? 0) <= wallClock + Self.skew else { throw .notYetValid }
        guard isFor(issuer.audiences) else { throw .audience }
        let lifetime = expires - (issuedAt ?? wallClock)
        guard lifetime <= issuer.maximumLifetime.components.seconds else { throw .lifetime }
    }

    /// One of the audiences, byte for byte; `aud` is a text or a list of texts.
    private func isFor(_ audiences: [String]) -> Bool {
        let named = claims["aud"].map { $0.list ?? [$0] } ?? []
        return named.contains { value in
            audiences.contains { value.text?.utf8.elementsEqual($0.utf8) == true }
        }
    }

    /// SHA-256 of the certificate that the token is bound to [RFC 8705, section 3.1]; nil if it is
    /// bound to nothing. Another confirmation is one that we cannot check: refused, not ignored.
    func boundCertificate() throws(TokenRefusal) -> [UInt8]? {
        guard let confirmation = claims["cnf"] else { return nil }
        guard let members = confirmation.object, members.count == 1,
            let text = members["x5t#S256"]?.text, let digest = Base64URL.decode(text.utf8),
            digest.count == 32
        else { throw .binding }
        return digest
    }

    /// A claim that is one text.
    func text(_ name: String) -> String? { claims[name]?.text }

    /// A claim that is names with blanks between, or a list of names.
    func names(_ name: String) -> [String] {
        if let text = claims[name]?.text {
            return text.split(separator: " ").map(String.init)
        }
        return claims[name]?.list?.compactMap(\.text) ?? []
    }

    /// As `names`; `scp` if the scopes are looked for under their usual name and are not there.
    func scopes(_ name: String) -> [String] {
        if claims[name] == nil, name == "scope" { return names("scp") }
        return names(name)
    }
}
