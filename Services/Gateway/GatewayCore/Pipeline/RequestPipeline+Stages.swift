internal import Crypto
internal import RPC

/// The stages, in their order. Each refuses by throwing and leaves what the later ones need.
extension RequestPipeline {
    /// Content type and HTTP method choose the face; nothing falls back.
    mutating func checkFace(_ head: RequestHead) throws(Rejection) {
        if head.isOverMetadataLimit, head.target.isEmpty {
            throw Rejection(
                .face, .resourceExhausted, "TARGET_TOO_LONG",
                "the request's target is longer than 16 KiB", httpStatus: 414)
        }
        if head.method == .get, head.contentType == .other || head.contentType == .json { return }
        guard head.method == .post else {
            var rejection = Rejection(.face, .unimplemented, "CONTENT_TYPE", "POST is expected")
            rejection.reply = .methodNotAllowed
            throw rejection
        }
        guard head.contentType.isGRPC || head.contentType == .json else {
            var rejection = Rejection(.face, .unimplemented, "CONTENT_TYPE", "content type")
            rejection.reply = RawReply(unsupported: head.contentType)
            throw rejection
        }
    }

    /// Authority, duplicates, forbidden fields.
    mutating func checkHeaders(_ head: RequestHead, from peer: Peer) throws(Rejection) {
        if head.isOverMetadataLimit {
            throw Rejection(
                .headers, .resourceExhausted, "METADATA_TOO_LARGE",
                "too many header bytes or fields",
                httpStatus: 431)
        }
        let limits = snapshot.addressLimits
        findings = HeaderPolicy.inspect(
            head, authorities: snapshot.listener(listener).authorities,
            isProxy: { limits.finder.isProxy(peer: peer.address) })
        log.droppedFields = findings.dropped
        if findings.believesForwarded { log.peer = Self.caller(head, from: peer, limits) }
        guard let violation = findings.violation else { return }
        switch violation {
        case .missingAuthority, .conflictingAuthority, .unknownAuthority:
            throw Rejection(
                .headers, .permissionDenied, "AUTHORITY", "this host name is not served here",
                httpStatus: 421)
        case .duplicate(let name):
            throw Rejection(
                .headers, .permissionDenied, "HEADER", "\(name) is there more than once",
                httpStatus: 400)
        case .te:
            throw Rejection(
                .headers, .permissionDenied, "HEADER", "te may only be trailers", httpStatus: 400)
        case .transferEncoding:
            throw Rejection(
                .headers, .permissionDenied, "HEADER", "transfer-encoding has no place in HTTP/2",
                httpStatus: 400)
        }
    }

    /// The caller's own name for the request if it is harmless, else a new one.
    mutating func nameRequest(_ head: RequestHead, _ surroundings: Surroundings) {
        if let range = findings.requestID, SafeText.isName(head.fields.arena[range]) {
            log.requestID = String(decoding: head.fields.arena[range], as: UTF8.self)
        } else {
            log.requestID = Self.name(surroundings.entropy)
        }
    }

    mutating func findRoute(_ head: RequestHead) throws(Rejection) {
        let isQueryAllowed = isGet
        let found = head.withBytes(head.pathField) { target -> Int? in
            let path = UnsafeRawBufferPointer(
                rebasing: target.prefix { $0 != UInt8(ascii: "?") })
            guard isQueryAllowed || path.count == target.count else { return nil }
            return snapshot.routes.route(path)
        }
        guard let found, snapshot.settings[found].isReachable(on: listener) else {
            throw Rejection(
                .route, .unimplemented, "UNKNOWN_METHOD", "no such method", httpStatus: 404)
        }
        let method = snapshot.routes.routes[found].method
        log.method = method.path
        log.methodNumber = snapshot.routes.routes[found].ordinal
        if isGet, method.idempotency != .readonly {
            var rejection = Rejection(.route, .unimplemented, "CONTENT_TYPE", "POST is expected")
            rejection.reply = .methodNotAllowed
            throw rejection
        }
        if !contentType.isGRPC, method.kind != .unary {
            var rejection = Rejection(.route, .unimplemented, "CONTENT_TYPE", "gRPC is expected")
            rejection.reply = RawReply(unsupported: .json)
            throw rejection
        }
        route = found
    }

    /// The earlier of what the caller waits and what the method allows.
    mutating func checkDeadline(
        _ head: RequestHead, _ surroundings: Surroundings
    ) throws(Rejection) {
        guard let route else { preconditionFailure("the route stage has passed") }
        let method = snapshot.routes.routes[route].method
        var timeout = method.serverDeadline
        if contentType.isGRPC, !head.timeoutField.isAbsent {
            guard let asked = head.withBytes(head.timeoutField, TimeoutHeader.parse) else {
                throw Rejection(.deadline, .internal, "TIMEOUT", "grpc-timeout cannot be read")
            }
            timeout = min(method.longestDeadline, asked)
        } else if !contentType.isGRPC, !head.jsonTimeoutField.isAbsent {
            guard let asked = head.withBytes(head.jsonTimeoutField, TimeoutHeader.parseMilliseconds)
            else {
                throw Rejection(
                    .deadline, .invalidArgument, "TIMEOUT", "connect-timeout-ms cannot be read")
            }
            timeout = min(method.longestDeadline, asked)
        }
        if let longest = snapshot.settings[route].callTimeout { timeout = min(timeout, longest) }
        deadline = Deadline(head.receivedAt + timeout)
        if deadline.hasPassed(at: surroundings.now) {
            throw Rejection(
                .deadline, .deadlineExceeded, "EXPIRED_ON_ARRIVAL", "the deadline is over already")
        }
    }

    /// - Returns: The keys to wait for, if only they can tell who calls.
    mutating func authenticate(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings, round: Int
    ) throws(Rejection) -> KeySetCache? {
        guard let route else { preconditionFailure("the route stage has passed") }
        if snapshot.routes.routes[route].requiredScope == nil { return nil }
        let circumstances = Authenticator.Circumstances(
            wallClock: surroundings.wallClock, now: surroundings.now,
            certificate: peer.certificate, round: round)
        // From when it was asked first, should it have waited for keys.
        let started = authenticationStarted ?? surroundings.clock()
        authenticationStarted = started
        log.credentialKind = CredentialKind.none
        let credential = try Self.credential(of: head, findings)
        let finding = snapshot.authenticator.examine(credential, circumstances)
        log.credentialKind = finding.kind
        log.isRemembered = finding.isRemembered
        log.authenticationNanoseconds = surroundings.clock().nanoseconds(since: started)
        switch finding.outcome {
        case .principal(let principal):
            self.principal = principal
            log.tenant = principal.tenant
            log.client = principal.client
            log.keyID = principal.keyID
            return nil
        case .wait(let keys): return keys
        case .refused(let refusal):
            log.detail = refusal.detail
            if finding.kind == .apiKey { log.keyID = credential?.keyID ?? "" }
            throw Rejection(refusal)
        }
    }

    /// The credential as text; not checked. Nil if there is none in the fields.
    static func credential(
        of head: RequestHead, _ findings: HeaderFindings
    ) throws(Rejection) -> Authenticator.Credential? {
        let arena = head.fields.arena
        guard let field = findings.authorization else {
            return findings.apiKey.map { .apiKey(arena[$0]) }
        }
        guard let token = bearerToken(arena[field]) else {
            throw .unauthenticated("BAD_CREDENTIALS", "authorization is not a bearer token")
        }
        if let key = findings.apiKey, !arena[key].elementsEqual(token) {
            throw .unauthenticated("AMBIGUOUS", "two different credentials")
        }
        return .bearer(token)
    }

    /// One test of bits: deny unless the method's scope was granted.
    mutating func authorize() throws(Rejection) {
        guard let route else { preconditionFailure("the route stage has passed") }
        let settings = snapshot.settings[route]
        criticality = principal?.criticality ?? settings.criticality ?? .normal
        if settings.requiresCertificate, !hasCertificate {
            throw Rejection(
                .authorize, .permissionDenied, "MTLS_REQUIRED", "a client certificate is needed")
        }
        guard let required = snapshot.routes.routes[route].requiredScope else { return }
        guard let principal else { preconditionFailure("the authenticate stage has passed") }
        if principal.isSuspended {
            throw Rejection(.authorize, .permissionDenied, "SUSPENDED", "the client is suspended")
        }
        guard principal.scopes.isSuperset(of: required) else {
            let name = snapshot.scopes.names(of: required).first ?? ""
            throw Rejection(
                .authorize, .permissionDenied, "SCOPE", "the scope \(name) is needed")
        }
    }

    /// Form only: the service is the authority on what the key makes once.
    mutating func checkIdempotencyKey(_ head: RequestHead) throws(Rejection) {
        guard let range = findings.idempotencyKey else { return }
        guard SafeText.isIdempotencyKey(head.fields.arena[range]) else {
            throw Rejection(
                .idempotency, .failedPrecondition, "IDEMPOTENCY_KEY",
                "idempotency-key has 1 to 64 characters of A–Z a–z 0–9 . _ : -")
        }
        var hasher = SHA256()
        head.fields.arena[range].withUnsafeBytes { hasher.update(bufferPointer: $0) }
        let number = hasher.finalize().prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        log.idempotencyKeyHash = String(unsafeUninitializedCapacity: 16) { text in
            Self.write(number, to: text, at: 0)
            return 16
        }
    }

    // MARK: Helpers of the stages

    static func bearerToken(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard value.count > bearerScheme.count,
            zip(value, bearerScheme).allSatisfy({ $0 | 0x20 == $1 })
        else { return nil }
        return value.dropFirst(bearerScheme.count)
    }

    private static let bearerScheme = Array("bearer ".utf8)

    /// What a request is called that has no name of its own: "r-" and 16 hexadecimal digits.
    static func name(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 18) { text in
            text[0] = UInt8(ascii: "r")
            text[1] = UInt8(ascii: "-")
            write(number, to: text, at: 2)
            return 18
        }
    }

    /// Writes 16 hexadecimal digits.
    private static func write(
        _ number: UInt64, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index) & 15)
            text[start + index] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
    }
}
