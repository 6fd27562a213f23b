import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import RiskCore

@Suite struct PolicySetTests {
    private func folder(_ files: [String: String]) throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "assay-policies-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let shipped = Repository.rules.appending(path: "policy/default.yaml")
        try FileManager.default.copyItem(at: shipped, to: folder.appending(path: "default.yaml"))
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        return folder
    }

    @Test("a request names its policy; without a name the tenant's decides")
    func named() async throws {
        let set = try Repository.policies()
        #expect(set.names == ["default", "seed-compat"])
        #expect(set.policy(named: "", tenant: "acme")?.name == "default")
        #expect(set.policy(named: "seed-compat", tenant: "acme")?.name == "seed-compat")
        #expect(set.policy(named: "sead-compat", tenant: "acme") == nil)
        let tenants = PolicySet(
            standard: set.standard, others: set.all, tenants: ["acme": "seed-compat"])
        #expect(tenants.policy(named: "", tenant: "acme")?.name == "seed-compat")
        #expect(tenants.policy(named: "", tenant: "bank")?.name == "default")

        var script = FakeServices.Script()
        script.features = ["acct_txn_cnt_1h": 9]
        let harness = try RiskHarness(script)
        var request = RiskHarness.payment()
        request.policy = "seed-compat"
        let decision = try await harness.assess(request).decision
        #expect(decision.versions.policy == "seed-compat")
    }

    @Test("an unknown policy is refused with the names that it might mean, and decides nothing")
    func unknown() async throws {
        let harness = try RiskHarness()
        var request = RiskHarness.payment()
        request.policy = "sead-compat"
        let error = await #expect(throws: RPCError.self) { try await harness.assess(request) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message
                == "/policy: there is no policy 'sead-compat'; did you mean seed-compat or default?"
        )
        #expect(harness.log.lastSequence == 0)
        // The request id is free again.
        #expect(try await harness.assess(RiskHarness.payment()).replayed == false)
    }

    @Test("a folder of policies is told every problem with its file")
    func problems() throws {
        let folder = try folder([
            "other.yaml": "format: assay.policy/2\n",
            "tenants.yaml":
                "format: assay.tenants/1\ntenants: { acme: defualt }\n",
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        let failure = #expect(throws: ConfigurationFailure.self) {
            try PolicySet(directory: folder)
        }
        let text = failure?.description ?? ""
        #expect(text.contains("other.yaml:1:9: expected the format assay.policy/1"))
        #expect(text.contains("tenants.yaml:1:1: the tenant 'acme' has the policy 'defualt'"))
        #expect(text.contains("did you mean default?"))
    }

    @Test("tenants have the policy of their file")
    func tenants() throws {
        let folder = try folder([
            "tenants.yaml": "format: assay.tenants/1\ntenants: { acme: default }\n"
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(
            try PolicySet(directory: folder).policy(named: "", tenant: "acme")?.name == "default")
    }

    @Test("a floor without the feature store spares small payments, and marks them")
    func approveBelow() async throws {
        var script = FakeServices.Script()
        script.featuresError = RPCError(.unavailable, "away")
        var policy = try Repository.policy("default")
        policy.featuresUnavailable = DegradedFloor(.challenge, approveBelow: 2_501)
        let small = try await RiskHarness(script, policy: policy)
            .assess(RiskHarness.payment()).decision
        #expect(small.status == .approved && small.degraded == ["FEATURES_UNAVAILABLE"])
        policy.featuresUnavailable.approveBelow = 2_500
        let large = try await RiskHarness(script, policy: policy)
            .assess(RiskHarness.payment()).decision
        #expect(large.status == .challenge && large.degraded == ["FEATURES_UNAVAILABLE"])
        var foreign = RiskHarness.payment()
        foreign.transaction.amount = Money("1.00", "JPY")
        let unknown = try await RiskHarness(script, policy: policy).assess(foreign).decision
        #expect(unknown.status == .challenge)
    }
}
