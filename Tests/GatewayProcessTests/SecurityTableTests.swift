import AssayMessages
import Foundation
import GatewayCore
import RPC
import RPCTransport
import TestSupport
import Testing

/// What people try at a gateway, through all of it: the design's table of attacks, but for those that
/// other suites hold. Names are those of the table.
@Suite("Attacks on the whole stack", .serialized, .timeLimit(.minutes(5)))
struct SecurityTableTests {
    private static let get = "/\(RiskStack.riskService)/GetDecision"
    private static let list = "/\(RiskStack.riskService)/ListDecisions"
    private static let assess = "/\(RiskStack.riskService)/AssessTransaction"

    private func id(_ reply: RiskStack.Reply) throws -> String {
        let decision = try #require(reply.fields["decision"] as? [String: Any], "\(reply.body)")
        return try #require(decision["decisionId"] as? String)
    }

    @Test("tenant A cannot read B's decision by id; a client's assay-tenant is dropped")
    func tenants() async throws {
        let stack = try await RiskStack()
        let decided = try await stack.decide(RiskStack.payment("theirs-1"), key: RiskStack.bank)
        try #require(decided.status == 200, "\(decided.body)")
        let request = "{\"decisionId\":\"\(try id(decided))\"}"
        #expect(try await stack.post(Self.get, request, key: RiskStack.bank).status == 200)
        // Neither as it is, nor by claiming to be somebody else.
        let claims = [
            [], ["assay-tenant: bank"],
            ["Assay-Tenant: bank", "assay-scopes: risk.decisions.read"],
            ["assay-client: client-1", "assay-claimed-identity: spiffe://assay.example/x"],
            ["x-internal-tenant: bank", "x-forwarded-for: 127.0.0.1"],
        ]
        for headers in claims {
            let reply = try await stack.post(
                Self.get, request, key: RiskStack.other, headers: headers)
            #expect(reply.status == 404, "\(headers): \(reply.status) \(reply.body)")
            #expect(!reply.body.contains("theirs-1"))
            let page = try await stack.post(Self.list, "{}", key: RiskStack.other, headers: headers)
            #expect(page.status == 200 && !page.body.contains("theirs-1"), "\(page.body)")
        }
        let own = try await stack.post(
            Self.get, request, key: RiskStack.bank, headers: ["assay-tenant: other"])
        #expect(own.status == 200)
        // The same request id of another tenant is another payment.
        let theirs = try await stack.decide(RiskStack.payment("theirs-1"), key: RiskStack.other)
        #expect(theirs.status == 200 && theirs.fields["replayed"] as? Bool != true)
        #expect(try id(theirs) != id(decided))
        await stack.stop()
    }

    @Test("key brute force: after 20 failed logins from an address only who was just known goes on")
    func bruteForce() async throws {
        let stack = try await RiskStack()
        let path = RiskStack.listProposals
        #expect(try await stack.post(path, "{}", key: RiskStack.bank).status == 200)
        var failed = 0
        var isRefused = false
        // One more try is earned every three seconds: what a slow machine gives away is tried again.
        for fresh in RiskStack.standard where !isRefused {
            var reply = try await stack.post(path, "{}", key: GatewayFiles.key(99))
            while reply.status == 401, failed < 100 {
                failed += 1
                reply = try await stack.post(path, "{}", key: GatewayFiles.key(99))
            }
            #expect(reply.status == 429 && reply.body.contains("FAILED_LOGINS"), "\(reply.body)")
            let unknown = try await stack.post(path, "{}", key: fresh)
            isRefused = unknown.status == 429 && unknown.body.contains("FAILED_LOGINS")
        }
        #expect(failed >= 20 && isRefused)
        #expect(try await stack.post(path, "{}", key: RiskStack.bank).status == 200)
        await stack.stop()
    }

    @Test("an unknown field in JSON is 400")
    func unknownField() async throws {
        let stack = try await RiskStack()
        for (json, name) in [
            (RiskStack.payment("u-1", further: "\"isAdmin\":true,"), "isAdmin"),
            (
                RiskStack.payment("u-2", further: "\"decision\":{\"status\":\"APPROVED\"},"),
                "decision"
            ),
            (
                RiskStack.payment("u-3").replacing("\"country\"", with: "\"score\":0,\"country\""),
                "score"
            ),
        ] {
            let reply = try await stack.post(Self.assess, json, key: RiskStack.bank)
            #expect(reply.status == 400 && reply.body.contains(name), "\(name): \(reply.body)")
        }
        await stack.stop()
    }

    @Test("a replayed payment has one effect")
    func replay() async throws {
        let stack = try await RiskStack()
        let payment = RiskStack.payment("again-1")
        var replies: [RiskStack.Reply] = []
        for _ in 0..<3 {
            replies += try await withThrowingTaskGroup(of: RiskStack.Reply.self) { tasks in
                for _ in 0..<6 {
                    tasks.addTask { try await stack.decide(payment, key: RiskStack.bank) }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
        }
        for reply in replies { try #require(reply.status == 200, "\(reply.body)") }
        #expect(Set(try replies.map(id)).count == 1)
        let first = replies.count { $0.fields["replayed"] as? Bool != true }
        // The reply that decided may have been lost to a deadline.
        #expect(first <= 1, "\(first) of \(replies.count) were decided anew")
        let page = try await stack.post(Self.list, "{}", key: RiskStack.bank)
        let decisions = try #require(page.fields["decisions"] as? [[String: Any]], "\(page.body)")
        #expect(decisions.count { $0["requestId"] as? String == "again-1" } == 1)
        await stack.stop()
    }

    @Test("every served path is in the schemas")
    func inventory() async throws {
        let stack = try await RiskStack()
        struct Route: Decodable { var method: String }
        let page = try await stack.gateway.page("/debug/routes")
        let served = Set(
            try JSONDecoder().decode([Route].self, from: Data(page.utf8)).map(\.method))
        let known = PolicyTable.all.filter {
            [RiskStack.riskService, "assay.risk.v1.RuleAdministration"].contains(String($0.service))
        }
        #expect(served == Set(known.map(\.path)))
        // What is served asks who calls; what is not, does not exist.
        let client = try stack.gateway.client(stack.context)
        for method in PolicyTable.all where !method.path.hasPrefix("/grpc.") {
            let status = await Self.status(client, method.path)
            if served.contains(method.path) {
                #expect(status == .unauthenticated, "\(method.path)")
            } else {
                #expect(status == .unimplemented, "\(method.path)")
            }
        }
        let assess = Self.assess
        for path in [
            assess.lowercased(), assess + "/", assess + "?x=1", "/" + assess, assess + "%00",
            "/assay.risk.v1.RiskAssessment", "/", "/*", "/assay.risk.v1.RiskAssessment/../x",
            "/debug/routes", "/metrics", "/admin",
        ] {
            let status = await Self.status(client, path)
            #expect(status == .unimplemented, "\(path)")
        }
        await client.close()
        await stack.stop()
    }

    /// Of a call without a credential.
    private static func status(_ client: RPCClient, _ path: String) async -> StatusCode? {
        let request = RawRequest(
            target: path, headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0])
        do {
            let reply = try await client.forward(
                request, deadline: Deadline(ProcessClock.now + .seconds(30)))
            let fields = reply.trailers ?? reply.headers
            return fields["grpc-status"].flatMap { UInt8($0) }.flatMap { StatusCode(rawValue: $0) }
        } catch {
            return (error as? RPCError)?.code
        }
    }

    @Test("a config with a typo does not load")
    func typo() async throws {
        let program = try #require(PackageLayout.executable("assay-gateway"))
        let folder = try TemporaryDirectory()
        let files = GatewayFiles(upstreamPort: 1)
        for (name, text) in files.all([GatewayFiles.entry(1)]) {
            try GatewayUnderTest.write(text, to: "\(folder.path)/\(name)")
        }
        let file = "\(folder.path)/gateway.yaml"
        func check(_ text: String) async throws -> (end: ChildProcess.End, said: String) {
            try GatewayUnderTest.write(text, to: file)
            let run = try await ChildProcess.run(program, ["--check", "--config", file])
            return (run.end, run.output + run.errors)
        }
        let good = files.configuration
        let fine = try await check(good)
        #expect(fine.end == .exit(0) && !fine.said.contains("warning"), "\(fine.said)")
        for (word, wrong) in [
            ("authentication:", "authentification:"), ("limits:", "limit:"),
            ("concurrency:", "concurency:"), ("upstreams:", "upstream:"), ("target:", "targets:"),
        ] {
            let result = try await check(good.replacing(word, with: wrong))
            #expect(result.end == .exit(1), "\(wrong)")
            #expect(result.said.contains(wrong.dropLast()), "\(result.said)")
            #expect(result.said.hasPrefix("\(file):"), "\(result.said)")
        }
        // It loads, and says what may not have been meant.
        let shared = try await check(
            good.replacing(
                "tenants: { bank: { scopes: [",
                with:
                    "tenants: { other: { scopes: [risk.rules.apply] }, bank: { scopes: [risk.rules.apply, "
            ))
        #expect(shared.end == .exit(0))
        #expect(
            shared.said.contains("warning: the rules are the same for all tenants")
                && shared.said.contains("bank (risk.rules.apply); other (risk.rules.apply)"),
            "\(shared.said)")
        // And does not start with what --check refuses.
        let started = try await ChildProcess.run(
            program, ["--insecure", "--config", file + ".none"])
        #expect(started.end == .exit(1))
    }
}
