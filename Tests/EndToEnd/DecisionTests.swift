import Foundation
import TestSupport
import Testing

@Suite("One real decision, all the way through", .serialized, .timeLimit(.minutes(10)))
struct DecisionTests {
    static let transactionMethod = "\(Curl.riskMethod)/AssessTransaction"

    @Test("curl and a Python gRPC client get the same decision for the same request")
    func curlAndPython() async throws {
        let assay = try await AssayUnderTest()
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let (key, time) = (try assay.key("default"), Payments.now)

        let first = try await curl.decide(
            json: Payments.json("same-1", at: time, vpn: true), key: key)
        #expect(first.status == 200, "\(first.text)")
        let decision = try #require(first.body["decision"])
        #expect(decision["status"]?.text != nil)

        guard let python = PythonClient.find() else {
            print("skipped: no .venv with grpcio at the package root; `make test` makes it")
            return
        }
        let second = try await python.assess(
            assay, key: key,
            ["--request-id", "same-1", "--occurred-at", time, "--vpn"])
        let id = try #require(decision["decisionId"]?.text).replacingOccurrences(of: "-", with: "")
        #expect(second["decision_id"] == .string(id))
        #expect(second["replayed"] == .bool(true))
        #expect(
            second["status"]?.text?.lowercased() == "status_" + (decision["status"]?.text ?? ""))
        #expect(second["score"] == decision["score"])

        // The other way round, and a payment nobody has seen.
        let third = try await python.assess(
            assay, key: key, ["--request-id", "same-2", "--occurred-at", time])
        let fourth = try await curl.decide(json: Payments.json("same-2", at: time), key: key)
        #expect(fourth.body["replayed"] == .bool(true))
        #expect(fourth.body["decision"]?["score"] == third["score"])
        #expect(await assay.stop() == .exit(0))
    }

    @Test("each kind of bad input gets its own clear refusal, on both faces")
    func refusals() async throws {
        let assay = try await AssayUnderTest()
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let key = try assay.key("default")
        let good = Payments.json("good", at: Payments.now)

        let noKey = try await curl.post(Self.transactionMethod, json: good, key: nil)
        #expect(noKey.status == 401)
        #expect(noKey.body["code"] == .string("unauthenticated"))
        #expect(noKey.headers.contains("www-authenticate"))

        let wrongKey = try await curl.post(
            Self.transactionMethod, json: good, key: "assay1_nonsense")
        #expect(wrongKey.status == 401)

        let scope = try await curl.post(
            "\(Curl.riskMethod)/AssessCredit", json: "{}", key: key)
        #expect(scope.status == 403)
        #expect(scope.body["code"] == .string("permission_denied"))

        let unknown = try await curl.post("\(Curl.riskMethod)/Guess", json: "{}", key: key)
        #expect(unknown.status == 404)
        #expect(unknown.body["code"] == .string("unimplemented"))

        let missing = try await curl.post(
            Self.transactionMethod, json: #"{"requestId":"m-1"}"#, key: key)
        #expect(missing.status == 400)
        #expect(missing.body["code"] == .string("invalid_argument"))
        #expect(missing.text.contains("/transaction"), "\(missing.text)")

        let empty = try await curl.post(
            Self.transactionMethod,
            json: Payments.json("", at: Payments.now), key: key)
        #expect(empty.status == 400)
        #expect(empty.text.contains("request"), "\(empty.text)")

        for nonsense in ["", "{", "[1,2", "\u{0}", #"{"requestId":1e999}"#, #"{"unknown":1}"#] {
            let reply = try await curl.post(Self.transactionMethod, json: nonsense, key: key)
            #expect(reply.status == 400, "\(nonsense): \(reply.text)")
        }
        // On the gRPC face: what does not decode is INTERNAL (13), an empty message lacks its fields (3).
        let hostile: [(body: [UInt8], statuses: Set<Int>)] = [
            ([0, 0, 0, 0, 100, 1, 2, 3], [13]), ([0, 0, 0], [13]), ([], [12, 13]),
            ([0, 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF], [13]), ([7, 0, 0, 0, 0], [13]),
            ([0, 0xFF, 0xFF, 0xFF, 0xFF], [8]), ([0, 0, 0, 0, 0], [3]),
            ([0, 0, 0, 0, 60] + (0..<60).map { UInt8(truncatingIfNeeded: $0 &* 37) }, [13]),
        ]
        for (body, statuses) in hostile {
            let status = try await curl.grpcStatus(
                Self.transactionMethod, body: body, key: key, in: assay.folder)
            #expect(status.map(statuses.contains) == true, "\(body): \(String(describing: status))")
        }
        let alive = try await curl.decide(json: good, key: key)
        #expect(alive.status == 200, "\(alive.text)")
        #expect(await assay.stop() == .exit(0))
    }

    @Test("the 101st request of a burst is refused, and told when to try again")
    func burst() async throws {
        let assay = try await AssayUnderTest()
        guard let python = PythonClient.find() else {
            print("skipped: no .venv with grpcio at the package root; `make test` makes it")
            return
        }
        let key = try assay.key("default")
        let counts = try await python.assess(
            assay, key: key, ["--request-id", "burst", "--repeat", "130"])
        // One token comes back every 600 ms, so a slow machine lets a few more pass; a call that was
        // let in may miss its deadline on such a machine, but it had its token.
        let refused = try #require(counts["RESOURCE_EXHAUSTED"]?.count, "\(counts)")
        #expect((1...30).contains(refused), "\(counts)")
        #expect(counts.values.compactMap(\.count).reduce(0, +) == 130)

        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        var reply = try await curl.post(
            Self.transactionMethod, json: Payments.json("b", at: Payments.now), key: key)
        for number in 0..<20 where reply.status == 200 {
            reply = try await curl.post(
                Self.transactionMethod, json: Payments.json("b\(number)", at: Payments.now),
                key: key)
        }
        #expect(reply.status == 429)
        #expect(reply.headers.contains("retry-after:"))
        #expect(reply.body["code"] == .string("resource_exhausted"))
        #expect(await assay.stop() == .exit(0))
    }
}

extension JSONValue {
    var count: Int? {
        if case .number(let value) = self { return Int(exactly: value) }
        return nil
    }
}
