import RPC
import Testing

@testable import GatewayCore

/// One expectation per stage, in the order of the stages.
@Suite struct RequestPipelineTests {
    private struct Outcome {
        var reply: RawReply?
        var acceptance: Acceptance?
        var log: AccessLogEntry
    }

    private func run(
        _ head: RequestHead, now: UInt64 = 1_000_000, limits: GatewayLimits? = nil
    ) throws -> Outcome {
        var pipeline = RequestPipeline(
            snapshot: try Fixtures.snapshot(),
            limits: limits ?? GatewayLimits(capacity: 16, seed: 1))
        switch pipeline.received(head, from: Fixtures.peer, Fixtures.surroundings(now: now)) {
        case .read(let acceptance): return Outcome(acceptance: acceptance, log: pipeline.log)
        case .reject(let reply): return Outcome(reply: reply, log: pipeline.log)
        case .wait: throw RPCError(.internal, "nothing to wait for without a store")
        }
    }

    /// How a request is refused: gRPC is always HTTP 200 with a status, JSON has its HTTP status.
    private struct Refusal: Equatable {
        let code: StatusCode?
        let http: Int?
        let reason: String?
        let stage: RequestPipeline.Stage?

        init(
            _ code: StatusCode?, http: Int?, reason: String?, stage: RequestPipeline.Stage?
        ) {
            self.code = code
            self.http = http
            self.reason = reason
            self.stage = stage
        }
    }

    /// The refusal that both faces agree on.
    private func refusal(_ head: (String) -> RequestHead) throws -> Refusal {
        let grpc = try run(head("application/grpc+assay"))
        let reply = try #require(grpc.reply)
        let error = try #require(RPCError(trailers: reply.headers))
        #expect(reply.status == 200 && reply.trailers == nil && reply.body.isEmpty)
        #expect(grpc.log.reason == error.reason)

        let json = try #require(try run(head("application/json")).reply)
        let body = String(decoding: json.body, as: UTF8.self)
        #expect(body.contains("\"code\":\"\(error.code.jsonName)\""))
        #expect(body.contains("\"reason\":\"\(error.reason ?? "")\""))
        #expect(json.headers["x-content-type-options"] == "nosniff")
        return Refusal(
            error.code, http: json.status, reason: error.reason, stage: grpc.log.stage)
    }

    @Test("face: only the four content types and POST are read, and refused by HTTP alone")
    func face() throws {
        #expect(try run(Fixtures.head(type: "text/plain")).reply?.status == 415)
        #expect(try run(Fixtures.head(type: nil)).reply?.status == 415)
        #expect(try run(Fixtures.head(type: "application/grpc+json")).reply?.status == 415)
        #expect(try run(Fixtures.head(method: "PUT")).reply?.status == 405)
        #expect(try run(Fixtures.head(method: "GET")).reply?.status == 405)
        #expect(try run(Fixtures.head(method: "GET", type: nil)).reply?.status == 405)
        for type in ["grpc", "grpc+proto", "grpc+assay", "json", "json; charset=utf-8"] {
            #expect(try run(Fixtures.head(type: "application/\(type)")).acceptance != nil)
        }
    }

    @Test("face: GET reads, but only what changes nothing")
    func get() throws {
        let path = Fixtures.read.path + "?encoding=json&message=%7B%7D"
        #expect(
            try run(Fixtures.head(path, method: "GET", type: nil)).acceptance?.isFramed == false)
        #expect(try run(Fixtures.head(path)).reply != nil)
    }

    @Test("headers: an authority that is not served")
    func authority() throws {
        #expect(
            try refusal { Fixtures.head(type: $0, authority: "evil.example") }
                == Refusal(.permissionDenied, http: 421, reason: "AUTHORITY", stage: .headers))
    }

    @Test("headers: a forbidden field, and too many of them")
    func fields() throws {
        #expect(
            try refusal { Fixtures.head(type: $0, extra: [("te", "gzip")]) }
                == Refusal(.permissionDenied, http: 400, reason: "HEADER", stage: .headers))
        #expect(
            try refusal {
                RequestHead(
                    fields: Fixtures.head(type: $0).fields, receivedAt: Instant(nanoseconds: 1),
                    isOverMetadataLimit: true)
            }
                == Refusal(
                    .resourceExhausted, http: 431, reason: "METADATA_TOO_LARGE", stage: .headers))
    }

    @Test("route: a method that no schema has, or that is not routed, does not exist")
    func route() throws {
        let paths = [
            Fixtures.hidden.path, "/", "", "*", Fixtures.assess.path + "/",
            "/" + Fixtures.assess.path,
            Fixtures.assess.path.lowercased(), Fixtures.assess.path + "%20",
            Fixtures.assess.path + "?a=b",
        ]
        for path in paths {
            #expect(
                try refusal { Fixtures.head(path, type: $0) }
                    == Refusal(.unimplemented, http: 404, reason: "UNKNOWN_METHOD", stage: .route))
        }
    }

    @Test("deadline: the earlier of the caller's and the method's, from when the head was read")
    func deadline() throws {
        func deadline(_ value: String) throws -> UInt64? {
            try run(Fixtures.head(extra: [("grpc-timeout", value)])).acceptance?.deadline.instant
                .nanoseconds
        }
        #expect(try deadline("10m") == 11_000_000)
        #expect(try deadline("9S") == 51_000_000)
        let json = Fixtures.head(type: "application/json", extra: [("connect-timeout-ms", "20")])
        #expect(try run(json).acceptance?.deadline.instant.nanoseconds == 21_000_000)
        #expect(try run(Fixtures.head()).acceptance?.deadline.instant.nanoseconds == 51_000_000)
    }

    @Test("deadline: over already, or not readable")
    func expired() throws {
        let late = try run(Fixtures.head(extra: [("grpc-timeout", "1m")]), now: 3_000_000)
        #expect(RPCError(trailers: late.reply?.headers ?? Metadata())?.code == .deadlineExceeded)
        #expect(late.log.reason == "EXPIRED_ON_ARRIVAL")
        for value in ["", "0m", "-1S", "1", "123456789S", "1s", "infinite"] {
            let outcome = try run(Fixtures.head(extra: [("grpc-timeout", value)]))
            #expect(RPCError(trailers: outcome.reply?.headers ?? Metadata())?.code == .internal)
        }
    }

    @Test("authenticate: no key, and keys that are none")
    func authenticate() throws {
        #expect(
            try refusal { Fixtures.head(type: $0, key: nil) }
                == Refusal(
                    .unauthenticated, http: 401, reason: "NO_CREDENTIALS", stage: .authenticate))
        let wrong = ["", "x", Fixtures.key(77).text, Fixtures.key(1).text.uppercased()]
        for key in wrong {
            #expect(
                try refusal { Fixtures.head(type: $0, key: key) }
                    == Refusal(
                        .unauthenticated, http: 401, reason: "BAD_CREDENTIALS", stage: .authenticate
                    ))
        }
        let json = try run(Fixtures.head(type: "application/json", key: nil))
        #expect(json.reply?.headers["www-authenticate"] == "Bearer realm=\"assay\"")
    }

    @Test("authenticate: an expired key says so, a revoked one does not")
    func lives() throws {
        func key(_ special: Fixtures.Special) -> String { Fixtures.key(special.rawValue).text }
        #expect(
            try refusal { Fixtures.head(type: $0, key: key(.expired)) }
                == Refusal(.unauthenticated, http: 401, reason: "EXPIRED", stage: .authenticate))
        for special in [Fixtures.Special.revoked, .early] {
            #expect(
                try refusal { Fixtures.head(type: $0, key: key(special)) }
                    == Refusal(
                        .unauthenticated, http: 401, reason: "BAD_CREDENTIALS", stage: .authenticate
                    ))
        }
    }

    @Test("authenticate: a bearer token is as good, two different credentials are not")
    func bearer() throws {
        let text = Fixtures.key(1).text
        func head(_ value: String, key: String?) -> RequestHead {
            Fixtures.head(key: key, extra: [("authorization", value)])
        }
        #expect(try run(head("Bearer " + text, key: nil)).acceptance != nil)
        #expect(try run(head("bearer " + text, key: text)).acceptance != nil)
        #expect(
            try run(head("Bearer " + Fixtures.key(2).text, key: text)).log.reason == "AMBIGUOUS")
        for value in ["Basic " + text, "Bearer", "Bearer ", text, "Bearer  " + text] {
            #expect(try run(head(value, key: nil)).log.reason == "BAD_CREDENTIALS")
        }
    }

    @Test("authenticate: a public method asks for nothing and passes nothing on")
    func publicMethod() throws {
        let outcome = try run(Fixtures.head(Fixtures.open.path, key: nil))
        #expect(outcome.acceptance != nil && outcome.log.tenant.isEmpty)
    }

    @Test("authorize: a scope that was not granted, a suspended client, a closed tenant")
    func authorize() throws {
        func key(_ special: Fixtures.Special) -> String { Fixtures.key(special.rawValue).text }
        #expect(
            try refusal { Fixtures.head(type: $0, key: key(.reader)) }
                == Refusal(.permissionDenied, http: 403, reason: "SCOPE", stage: .authorize))
        #expect(try run(Fixtures.head(Fixtures.read.path, key: key(.reader))).acceptance != nil)
        for special in [Fixtures.Special.suspended, .closedTenant] {
            #expect(
                try refusal { Fixtures.head(type: $0, key: key(special)) }
                    == Refusal(.permissionDenied, http: 403, reason: "SUSPENDED", stage: .authorize)
            )
        }
    }

    @Test("idempotency: a key with other characters or a wrong length")
    func idempotency() throws {
        for value in ["", "a b", String(repeating: "k", count: 65), "é"] {
            #expect(
                try refusal { Fixtures.head(type: $0, extra: [("idempotency-key", value)]) }
                    == Refusal(
                        .failedPrecondition, http: 400, reason: "IDEMPOTENCY_KEY",
                        stage: .idempotency))
        }
        let good = Fixtures.head(extra: [("idempotency-key", "a:b.c_d-9")])
        #expect(try run(good).acceptance != nil)
    }

    @Test("limit: the 101st request of a burst is refused with the time to wait, on both faces")
    func limit() throws {
        let limits = GatewayLimits(capacity: 16, seed: 1)
        for _ in 0..<100 { #expect(try run(Fixtures.head(), limits: limits).acceptance != nil) }
        let grpc = try #require(try run(Fixtures.head(), limits: limits).reply)
        let error = try #require(RPCError(trailers: grpc.headers))
        #expect(grpc.status == 200 && error.code == .resourceExhausted)
        #expect(error.reason == "RATE_LIMITED" && error.retryAfter == .milliseconds(600))
        let pushback = try #require(grpc.headers["grpc-retry-pushback-ms"].flatMap(Int.init))
        #expect((600...720).contains(pushback))
        #expect(grpc.headers.values("grpc-retry-pushback-ms").count == 1)
        #expect(grpc.headers["ratelimit-policy"] == "\"client\";q=100;w=60")

        let json = try #require(
            try run(Fixtures.head(type: "application/json"), limits: limits).reply)
        #expect(json.status == 429 && json.headers["retry-after"] == "1")
        #expect(json.headers["ratelimit"] == "\"client\";r=0;t=60")
        let other = Fixtures.head(key: Fixtures.key(Fixtures.Special.reader.rawValue).text)
        #expect(try run(other, limits: limits).log.reason == "SCOPE")
        #expect(try run(Fixtures.head(), now: 700_000_000, limits: limits).acceptance == nil)
    }

    @Test("limit: a plan that counts cost takes the method's")
    func cost() throws {
        let limits = GatewayLimits(capacity: 16, seed: 1)
        let head = Fixtures.head(key: Fixtures.key(Fixtures.Special.core.rawValue).text)
        var admitted = 0
        while try run(head, limits: limits).acceptance != nil { admitted += 1 }
        #expect(admitted == 800)
    }

    @Test("limit: above ten seconds the pushback says not to come back")
    func pushback() {
        #expect(RequestPipeline.pushback(10_000_000_001, 5) == -1)
        #expect(RequestPipeline.pushback(10_000_000_000, 0) == 10_000)
        #expect(
            (0..<1000).allSatisfy { (50...60).contains(RequestPipeline.pushback(50_000_000, $0)) })
        #expect(RequestPipeline.pushback(1, .max) == 1)
    }

    @Test("body: the method's bound for a message, four times that for JSON")
    func body() throws {
        let grpc = try #require(try run(Fixtures.head()).acceptance)
        #expect(grpc.maximumBytes == 4096 && grpc.isFramed)
        let json = try #require(try run(Fixtures.head(type: "application/json")).acceptance)
        #expect(json.maximumBytes == 4 * 4096 && !json.isFramed)
    }

    @Test("the caller's harmless request id is kept, another one replaced")
    func requestID() throws {
        let named = try run(Fixtures.head(extra: [("x-request-id", "my-id.1")]))
        #expect(named.log.requestID == "my-id.1")
        for bad in ["", "a b", "a\"b", String(repeating: "x", count: 65)] {
            let outcome = try run(Fixtures.head(extra: [("x-request-id", bad)]))
            #expect(outcome.log.requestID == "r-000000000000abcd")
        }
    }
}
