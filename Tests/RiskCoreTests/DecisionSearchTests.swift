import AssayMessages
import RPC
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite("Decisions that are looked for") struct DecisionSearchTests {
    /// Decisions of two tenants and two customers, one a second; each third one is over VPN.
    private func filled(_ count: Int = 24) async throws -> RiskHarness {
        let harness = try RiskHarness()
        for number in 0..<count {
            var payment = RiskHarness.payment("r-\(number)")
            payment.customer?.customerID = number % 2 == 0 ? "cust-1" : "cust-2"
            payment.network?.isVpn = number % 3 == 0
            harness.clock.seconds.withLock { $0 += 1 }
            _ = try await harness.assess(payment, tenant: number % 4 == 3 ? "other" : "acme")
        }
        return harness
    }

    private func list(
        _ harness: RiskHarness, _ request: AssayRiskV1.ListDecisionsRequest,
        tenant: String = "acme"
    ) async throws -> AssayRiskV1.DecisionPage {
        try await harness.service.listDecisions(request, context: RiskHarness.context(tenant))
    }

    /// Request ids of all pages.
    private func all(
        _ harness: RiskHarness, _ request: AssayRiskV1.ListDecisionsRequest,
        tenant: String = "acme"
    ) async throws -> [String] {
        var request = request
        var ids: [String] = []
        repeat {
            let page = try await list(harness, request, tenant: tenant)
            ids += page.decisions.map(\.requestID)
            request.pageToken = page.nextPageToken
        } while !request.pageToken.isEmpty
        return ids
    }

    private func expected(_ numbers: some Sequence<Int>) -> [String] {
        numbers.filter { $0 % 4 != 3 }.sorted(by: >).map { "r-\($0)" }
    }

    @Test("newest first, in pages, and each tenant's own only")
    func pages() async throws {
        let harness = try await filled()
        #expect(try await all(harness, .init(pageSize: 5)) == expected(0..<24))
        #expect(
            try await all(harness, .init(), tenant: "other")
                == (0..<24).filter { $0 % 4 == 3 }.reversed().map { "r-\($0)" })
        #expect(try await all(harness, .init(), tenant: "nobody").isEmpty)
    }

    @Test("by customer, account, transaction, rule, status, kind and time, and by several at once")
    func filters() async throws {
        let harness = try await filled()
        let even = (0..<24).filter { $0 % 2 == 0 }
        #expect(try await all(harness, .init(subject: "cust-1", pageSize: 4)) == expected(even))
        #expect(try await all(harness, .init(subject: "acct-1")) == expected(0..<24))
        #expect(try await all(harness, .init(subject: "cust")).isEmpty)
        #expect(try await all(harness, .init(transactionID: "t-r-5")) == ["r-5"])
        let vpn = (0..<24).filter { $0 % 3 == 0 }
        #expect(try await all(harness, .init(rule: "NET-001")) == expected(vpn))
        #expect(
            try await all(harness, .init(subject: "cust-1", rule: "NET-001", pageSize: 1))
                == expected(vpn.filter { $0 % 2 == 0 }))
        #expect(try await all(harness, .init(kind: .credit)).isEmpty)
        #expect(try await all(harness, .init(kind: .transaction)) == expected(0..<24))
        let start: Int64 = 1_772_366_401
        let since = Timestamp(seconds: start + 4)
        let until = Timestamp(seconds: start + 9)
        #expect(try await all(harness, .init(since: since, until: until)) == expected(4..<9))
        #expect(
            try await all(harness, .init(subject: "cust-1", since: since, until: until))
                == expected([4, 6, 8]))
    }

    @Test("by status, whether or not it is the usual one")
    func statuses() async throws {
        let harness = try await filled(8)
        harness.fakes.script.withLock { $0.featuresError = RPCError(.unavailable, "away") }
        _ = try await harness.assess(RiskHarness.payment("held"))
        var found: [String] = []
        for status: AssayRiskV1.Status in [.approved, .challenge, .review, .declined] {
            let ids = try await all(harness, .init(status: status))
            if status == .review { #expect(ids.contains("held")) }
            found += ids
        }
        #expect(found.sorted() == (expected(0..<8) + ["held"]).sorted())
    }

    @Test("a page token of another query, or an altered one, is refused")
    func tokens() async throws {
        let harness = try await filled(6)
        let page = try await list(harness, .init(pageSize: 2))
        #expect(!page.nextPageToken.isEmpty)
        var altered = page.nextPageToken
        altered.replaceSubrange(altered.startIndex...altered.startIndex, with: "B")
        for request: AssayRiskV1.ListDecisionsRequest in [
            .init(subject: "cust-1", pageToken: page.nextPageToken), .init(pageToken: altered),
            .init(pageToken: "?"),
        ] {
            let error = await #expect(throws: RPCError.self) { try await list(harness, request) }
            #expect(error?.code == .invalidArgument)
        }
        let error = await #expect(throws: RPCError.self) {
            try await list(harness, .init(pageToken: page.nextPageToken), tenant: "other")
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("decisions of a store without rows are made findable when it is opened")
    func older() async throws {
        let harness = try await filled(10)
        await harness.log.close()
        let rows = try harness.store.rows(DecisionSearch.family, limit: 10_000)
        var batch = WriteBatch()
        for row in rows { batch.delete(row.key, in: DecisionSearch.family) }
        batch.delete(DecisionSearch.builtKey, in: DecisionLog.meta)
        try harness.store.write(batch, sync: false)

        let log = try DecisionLog(store: harness.store, newChain: "x", interval: .zero)
        let search = DecisionSearch(store: harness.store, lastSequence: log.lastSequence)
        for _ in 0..<2_000 where search.progress != .ready {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(search.progress == .ready)
        let again = try harness.store.rows(DecisionSearch.family, limit: 10_000)
        #expect(again.map(\.key) == rows.map(\.key))
        await log.close()
    }

    @Test("an unknown decision is told with those whose ids begin alike")
    func near() async throws {
        let harness = try await filled(3)
        let wrong = UniqueID(high: 0xA55A, low: 99)
        let error = await #expect(throws: RPCError.self) {
            try await harness.service.getDecision(
                .init(decisionID: wrong), context: RiskHarness.context())
        }
        #expect(error?.code == .notFound)
        let known = UniqueID(high: 0xA55A, low: 1)
        #expect(error?.message.contains("\(known)") == true, "\(String(describing: error))")
    }
}
