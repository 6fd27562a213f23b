import Foundation
import TestSupport
import Testing

@testable import GatewayCore

/// What a gateway says of itself, as it is run: with an issuer, a store, keys and logs.
@Suite(.serialized) struct GatewayMetricsTests {
    private let signer = TestIssuer.signer(.es256)

    private func token() throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        return try signer.token(claims: [
            "exp": "\(now + 600)", "iat": "\(now - 10)", "nbf": "\(now - 10)",
            "scope": "\"risk.decisions.read\"",
        ])
    }

    /// The sum of a metric's samples whose labels hold all of these.
    private func value(_ metrics: String, _ name: String, _ labels: [String]) -> Double? {
        let samples = metrics.split(separator: "\n").filter { line in
            (line.hasPrefix(name + "{") || line.hasPrefix(name + " "))
                && labels.allSatisfy { line.contains($0) }
        }
        if samples.isEmpty { return nil }
        return samples.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }

    private func lines(_ gateway: GatewayProcess, _ file: String) throws -> [[String: Any]] {
        let text = try String(contentsOfFile: "\(gateway.folder.path)/\(file)", encoding: .utf8)
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    private func checkPages(_ gateway: GatewayProcess) async throws {
        func page(_ path: String) async throws -> Any {
            try JSONSerialization.jsonObject(with: Data(try await gateway.page(path).utf8))
        }
        let config = try #require(try await page("/config") as? [String: Any])
        let parts = try #require(config["configuration"] as? [String: [String: String]])
        #expect(parts["plan core"]?["client"]?.contains("burst 4001") == true)
        #expect(parts["API keys"]?["pepper 1"] == "pepper-1" && config["api_keys"] as? Int == 1)
        #expect(!(try await gateway.page("/config")).contains(TestGateway.pepper))
        let routes = try #require(try await page("/debug/routes") as? [[String: Any]])
        let list = routes.first { ($0["method"] as? String)?.hasSuffix("/ListDecisions") == true }
        #expect(list?["scope"] as? String == "risk.decisions.read")
        let limits = list?["limits"] as? [String: [String: String]]
        #expect(limits?["core"]?["client"]?.hasPrefix("2000 per 1s") == true)
        for name in ["bank/payments", TestGateway.key.id] {
            let standing = try await page("/debug/limits?client=\(name)") as? [String: Any]
            #expect(standing?["client"] as? String == "bank/payments")
            let callers = try #require(standing?["callers"] as? [[String: Any]])
            #expect(callers.count == (name.contains("/") ? 2 : 1))
            let rules = callers[0]["rules"] as? [[String: Any]]
            #expect(rules?.first?["level"] as? String == "client")
            #expect((rules?.first?["remaining"] as? Int ?? 0) > 3900)
        }
        #expect(
            try await gateway.page("/debug/limits?client=nobody").contains("nobody is called so"))
        #expect(try await gateway.page("/debug").contains("/debug/limits"))
    }

    @Test("every metric of the gateway is there and moves; logs tell of calls, keys and changes")
    func metricsAndLogs() async throws {
        let host = try await IssuerHost(TestSigner.set([signer.jwk()]))
        let redis = try await RedisServer.start()
        let gateway = try await GatewayProcess(
            issuer: host, keys: [TestGateway.entry],
            further: """
                store: { url: "redis://127.0.0.1:\(redis.port)", budget: 10ms }
                logs: { access: access.log, security: security.log }
                """)
        try await gateway.wait("/metrics") {
            $0.contains("result=\"ok\"} 1") && $0.contains("assay_gateway_replicas 1")
        }
        let text = try token()
        let key = TestGateway.key.text
        let answers = try await gateway.call([text, text, key, key, "-", "x.y.z"])
        #expect(
            answers == [
                GatewayProcess.letIn: 4, "401 BAD_CREDENTIALS": 1, "401 NO_CREDENTIALS": 1,
            ])
        let path = "\(gateway.folder.path)/gateway.yaml"
        let changed = try String(contentsOfFile: path, encoding: .utf8)
            .replacing("burst: 4000", with: "burst: 4001")
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        gateway.process.send(SIGHUP)
        let loaded = "assay_gateway_config_reload_total{result=\"loaded\"} 1"
        try await gateway.wait("/metrics") { $0.contains(loaded) }

        let metrics = try await gateway.page("/metrics")
        let method = "method=\"/assay.risk.v1.RiskAssessment/ListDecisions\""
        let expected: [(name: String, labels: [String], least: Double)] = [
            ("assay_gateway_requests_total", [method, "face=\"json\"", "UNAVAILABLE"], 4),
            ("assay_gateway_requests_total", [method, "reason=\"NO_CREDENTIALS\""], 1),
            ("assay_gateway_auth_total", ["kind=\"token\"", "result=\"ok\""], 2),
            ("assay_gateway_auth_total", ["kind=\"api_key\"", "result=\"ok\""], 2),
            ("assay_gateway_auth_total", ["kind=\"token\"", "BAD_CREDENTIALS"], 1),
            ("assay_gateway_auth_total", ["kind=\"none\"", "NO_CREDENTIALS"], 1),
            ("assay_gateway_auth_seconds_count", ["kind=\"token\"", "cache=\"hit\""], 1),
            ("assay_gateway_auth_seconds_count", ["kind=\"token\"", "cache=\"miss\""], 2),
            ("assay_gateway_auth_seconds_sum", ["kind=\"api_key\"", "cache=\"none\""], 1e-9),
            ("assay_gateway_limit_total", ["rule=\"client\"", "result=\"admitted\""], 4),
            ("assay_gateway_limit_seconds_count", [], 1), ("assay_gateway_store_state", [], 0),
            ("assay_gateway_replicas", [], 1), ("assay_gateway_jwks_age_seconds", ["issuer="], 0),
            ("assay_gateway_shed_total", ["criticality=\"normal\""], 0),
            ("assay_gateway_config_reload_total", ["result=\"loaded\""], 1),
            ("assay_gateway_config_reload_total", ["result=\"rejected\""], 0),
            ("assay_gateway_key_last_used_seconds", ["key_id=\"\(TestGateway.key.id)\""], 1e9),
            ("assay_gateway_log_writable", ["log=\"access\""], 1),
        ]
        for (name, labels, least) in expected {
            let found = value(metrics, name, labels)
            #expect(found.map { $0 >= least } == true, "\(name) \(labels): \(found ?? -1)")
        }

        try await checkPages(gateway)
        gateway.process.terminate()
        _ = await gateway.process.end()
        await redis.kill()
        let calls = try lines(gateway, "access.log")
        #expect(calls.count == 6)
        let asked = try #require(calls.first { $0["credential"] as? String == "api_key" })
        for name in ["auth_us", "limit_us", "upstream_us", "attempts", "request_id", "key_id"] {
            #expect(asked[name] != nil, "\(name)")
        }
        #expect((asked["limit_us"] as? Int ?? 0) > 0, "the store takes its time")
        let events = try lines(gateway, "security.log")
        #expect(events.filter { $0["event"] as? String == "login_failed" }.count == 2)
        let keys = events.first { $0["event"] as? String == "key_set_changed" }
        #expect(keys?["issuer"] as? String == TestIssuer.name && keys?["keys"] as? Int == 1)
        let change = events.first { $0["event"] as? String == "configuration_changed" }
        #expect((change?["hash"] as? String)?.count == 16)
        #expect((change?["changes"] as? [String])?.first?.contains("burst 4001") == true)
    }
}
