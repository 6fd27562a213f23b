internal import RPC

/// Turns a token into the principal that its issuer says it stands for.
///
/// Synchronous: the issuers' keys are at hand. Only a `kid` that nobody knows yet can make a call wait.
struct TokenVerifier: Sendable {
    enum Outcome: Sendable {
        case principal(Principal)
        /// Verified before, and still good.
        case remembered(Principal)
        case refused(TokenRefusal)
        /// The key may be among those that are being fetched.
        case wait(KeySetCache)
    }

    private let issuers: [TokenIssuer]
    private let resolver: PrincipalResolver
    private let cache: TokenCache

    /// - Parameter cache: New for each snapshot, whose plans and scopes the principals refer to.
    init(issuers: [TokenIssuer], resolver: PrincipalResolver, cache: TokenCache = TokenCache()) {
        self.issuers = issuers
        self.resolver = resolver
        self.cache = cache
    }

    var isEmpty: Bool { issuers.isEmpty }

    var caches: [KeySetCache] {
        issuers.compactMap { if case .fetched(let cache) = $0.keys { cache } else { nil } }
    }

    func verify(_ token: ArraySlice<UInt8>, _ circumstances: Authenticator.Circumstances) -> Outcome
    {
        guard token.count <= SignedToken.maximumBytes else { return .refused(.tooLarge) }
        let digest = TokenDigest(token)
        if let known = cache.token(digest), isGood(known, circumstances) {
            guard Self.binds(known.certificate, circumstances.certificate) else {
                return .refused(.binding)
            }
            return .remembered(known.principal)
        }
        do throws(TokenRefusal) {
            return try verify(token, digest, circumstances)
        } catch {
            return .refused(error)
        }
    }

    /// Whether what was found out once still holds: the dates, and that the issuer still has the key.
    private func isGood(_ known: VerifiedToken, _ circumstances: Authenticator.Circumstances)
        -> Bool
    {
        guard known.isFresh(now: circumstances.now, wallClock: circumstances.wallClock) else {
            return false
        }
        guard let set = issuers[known.issuer].keys.current(at: circumstances.now) else {
            return false
        }
        return set === known.keySet || set.keys[known.keyID]?.fingerprint == known.keyFingerprint
    }

    private func verify(
        _ token: ArraySlice<UInt8>, _ digest: TokenDigest,
        _ circumstances: Authenticator.Circumstances
    ) throws(TokenRefusal) -> Outcome {
        let parsed = try SignedToken(parsing: token)
        let named = TokenClaims.issuer(parsed.claims)
        guard let index = issuers.firstIndex(where: { $0.isNamed(named) }) else { throw .issuer }
        let issuer = issuers[index]
        let claims = try TokenClaims(parsed.claims)
        try claims.check(issuer.configuration, wallClock: circumstances.wallClock)
        let set: KeySet
        let key: PinnedKey
        switch issuer.keys.look(
            for: parsed.keyID, at: circumstances.now, round: circumstances.round)
        {
        case .key(let found, let holder): (key, set) = (found, holder)
        case .unknown: throw .unknownKey
        case .wait(let cache): return .wait(cache)
        }
        guard key.algorithm == parsed.algorithm else { throw .algorithm }
        guard key.isValid(parsed.signature, of: parsed.signedBytes) else { throw .signature }
        let certificate = try claims.boundCertificate()
        guard Self.binds(certificate, circumstances.certificate) else { throw .binding }
        let principal = try issuer.principal(claims, resolver)
        remember(
            VerifiedToken(
                digest: digest, principal: principal, certificate: certificate, issuer: index,
                keyID: parsed.keyID, keyFingerprint: key.fingerprint, keySet: set,
                validFrom: max(claims.notBefore ?? 0, claims.issuedAt ?? 0) - TokenClaims.skew,
                validUntil: claims.expires, staleAt: circumstances.now + TokenCache.longestLife),
            circumstances)
        return .principal(principal)
    }

    private func remember(_ token: VerifiedToken, _ circumstances: Authenticator.Circumstances) {
        if token.isFresh(now: circumstances.now, wallClock: circumstances.wallClock) {
            cache.insert(token)
        }
    }

    private static func binds(_ bound: [UInt8]?, _ certificate: PeerCertificate?) -> Bool {
        bound == nil || bound == certificate?.thumbprint
    }
}

/// One issuer of a snapshot: what it is believed, and its keys.
public struct TokenIssuer: Sendable {
    let configuration: GatewayConfiguration.Issuer
    let keys: IssuerKeys

    /// Byte for byte: no address is normalised.
    func isNamed(_ name: String?) -> Bool {
        name?.utf8.elementsEqual(configuration.issuer.utf8) == true
    }

    func principal(
        _ claims: TokenClaims, _ resolver: PrincipalResolver
    ) throws(TokenRefusal) -> Principal {
        guard let tenant = claims.text(configuration.claims.tenant), SafeText.isName(tenant),
            configuration.tenants.isEmpty || configuration.tenants.contains(tenant)
        else { throw .tenant }
        guard let client = claims.text(configuration.claims.client), SafeText.isName(client) else {
            throw .client
        }
        let granted = PrincipalResolver.Grant(
            tenant: tenant, client: client, scopes: claims.scopes(configuration.claims.scopes),
            roles: claims.names(configuration.claims.roles), credential: .token,
            expires: claims.expires)
        guard let principal = resolver.principal(granted) else { throw .tenant }
        return principal
    }
}
