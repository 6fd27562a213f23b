import AssayMessages
import FeatureEngine
import RPC
import Storage
import Testing
import Wire

@testable import FeatureCore

/// What an erased person did still counts for what others share with them.
@Suite struct ErasedHistoryTests {
    private static let text = """
        format: assay.features/1
        package: payments
        owner: fraud-platform
        description: Payments over addresses that people share.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        rates: {USD: 0.9215}
        entities:
          customer: {short: cust, key: customer_id, subject: self, personal: person}
          account: {short: acct, key: account_id, subject: customer, personal: account}
          ip: {short: ip, key: ip, personal: device}
          payee: {short: payee, key: payee_id, personal: account}
          merchant: {short: merch, key: merchant_id}
          customer_merchant: {short: cm, key: [customer_id, merchant_id], subject: customer}
        events:
          payment:
            id: payment_id
            time: occurred_at
            max_late: 7d
            entities: {customer: customer_id, account: account_id, ip: ip, payee: payee_id, merchant: merchant_id, customer_merchant: [customer_id, merchant_id]}
            fields:
              amount: {type: money, range: [0, 100000000000]}
              balance: {type: money, personal: account}
              email: {type: string, max: 256, personal: contact}
              place: {type: place, personal: contact}
              attempts: {type: int, personal: device}
              has_email: {type: bool, expr: 'has(email)'}
              left: {type: money, expr: balance - amount}
          transfer:
            id: transfer_id
            time: occurred_at
            max_late: 7d
            entities:
              customer: {origin: from_id, destination: to_id}
              account: {origin: from_account, destination: to_account}
            fields: {amount: money}
          payment_outcome:
            id: outcome_id
            time: decided_at
            max_late: 30d
            refers_to: {payment: payment_id}
            fields: {declined: bool}
        aggregates:
          ip:
            cnt: {from: payment, count: true, windows: [24h]}
            balance: {from: payment, sum: balance, windows: [24h]}
            left: {from: payment, sum: left, windows: [24h]}
            mailed: {from: payment, count: true, where: 'has_email', windows: [24h]}
            mute: {from: payment, count: true, where: '!has(email)', windows: [24h]}
            from_bank: {from: payment, count: true, where: 'email.endsWith("@bank.example")', windows: [24h]}
            tries: {from: payment, max: attempts, windows: [24h]}
            declined: {from: payment_outcome, sum: payment.balance, where: 'declined', windows: [24h]}
          merchant:
            cnt: {from: payment, count: true, windows: [24h]}
            dear: {from: payment, count: true, where: 'balance > amount', windows: [24h]}
          customer: {cnt: {from: payment, count: true, windows: [24h]}}
          account:
            cnt: {from: payment, count: true, windows: [24h]}
            in_cnt: {from: transfer as destination, count: true, windows: [24h]}
          customer_merchant: {cnt: {from: payment, count: true, windows: [24h]}}
        attributes:
          ip: {mails: {from: payment, value: email, windows: [24h], remember: 400d, exact: 64}}
          merchant: {payers: {from: payment, value: customer_id, windows: [24h], remember: 400d, exact: 64}}
        registers:
          payee: {last: {from: payment, latest: [balance, has_email], remember: 400d}}
        derived:
          payee_last_balance: {type: money, default: missing, expr: last.balance}
        vectors:
          shared@1:
            purpose: fraud
            features:
              - ip_cnt_24h
              - ip_balance_24h
              - ip_left_24h
              - ip_mailed_24h
              - ip_mute_24h
              - ip_from_bank_24h
              - ip_tries_24h
              - ip_declined_24h
              - ip_distinct_mails_24h
              - merch_cnt_24h
              - merch_dear_24h
              - merch_distinct_payers_24h
              - payee_last_balance
          own@1: {purpose: fraud, features: [cust_cnt_24h, cm_cnt_24h, acct_cnt_24h, acct_in_cnt_24h]}
        """

    static let definitions: DefinitionSet = {
        do {
            return try DefinitionSources(["shared.yaml": text]).compile()
        } catch {
            fatalError("\(error)")
        }
    }()

    static func payment(
        _ id: String, _ customer: String, at offset: Int64 = 0, mail: String? = nil,
        account: String? = nil
    ) -> AssayFeaturesV1.Event {
        var fields: [String: AssayFeaturesV1.FieldValue] = [
            "customer_id": .text(customer),
            "account_id": .text(account ?? "account of \(customer)"),
            "ip": .text("192.0.2.7"), "payee_id": .text("payee-1"), "merchant_id": .text("shop"),
            "amount": EventFixture.money("10.00", "EUR"),
            "balance": EventFixture.money("70.00", "USD"),
            "place": .place(
                AssayTypesV1.Place(latitude: 48.1374, longitude: 11.5755, country: "DE")),
            "attempts": .integer(Int64(customer.utf8.count)),
        ]
        fields["email"] = mail.map { .text($0) }
        return AssayFeaturesV1.Event(
            id: id, type: "payment", time: EventFixture.time(EventFixture.now + offset),
            fields: WireMap(fields.map { ($0.key, $0.value) }))
    }

    static func transfer(_ id: String, _ from: String, _ to: String) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "transfer", time: EventFixture.time(EventFixture.now),
            fields: WireMap([
                ("from_id", .text(from)), ("to_id", .text(to)),
                ("from_account", .text("account of \(from)")),
                ("to_account", .text("account of \(to)")),
                ("amount", EventFixture.money("10.00", "EUR")),
            ]))
    }

    static func own(
        _ keys: [(String, String)], _ store: TestStore
    ) async throws -> [Double] {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: "own", version: 1), keys: WireMap(keys),
                time: EventFixture.time(EventFixture.now + 5_000)),
            context: store.context()
        ).vector.values
    }

    /// Families in which bytes stand anywhere, but for the records of erasures.
    static func families(with bytes: [UInt8], _ store: TestStore) throws -> Set<String> {
        var found: Set<String> = []
        for family in EmbeddedFeatureStore.families {
            for row in try store.rows(family)
            where row.key.contains(bytes) || row.value.contains(bytes) {
                found.insert(family.name)
            }
        }
        return found
    }

    static func pid(_ entity: String, _ key: String, _ store: TestStore) -> StateKey {
        store.features.pipeline.keys.key(of: "bank").pid(entity: entity, key: key)
    }

    static func outcome(_ id: String, of payment: String) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "payment_outcome", time: EventFixture.time(EventFixture.now + 1_000),
            fields: WireMap([("payment_id", .text(payment)), ("declined", .flag(true))]))
    }

    static func shared(_ store: TestStore) async throws -> AssayFeaturesV1.Vector {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: "shared", version: 1),
                keys: WireMap([
                    ("ip", "192.0.2.7"), ("merchant", "shop"), ("payee", "payee-1"),
                ]), time: EventFixture.time(EventFixture.now + 5_000)),
            context: store.context()
        ).vector
    }

    static func erase(
        _ customer: String, _ store: TestStore, request: String = "r1"
    ) async throws -> AssayFeaturesV1.ErasureProof {
        let response = try await store.service.eraseSubject(
            AssayFeaturesV1.EraseSubjectRequest(
                requestID: request, entity: "customer", key: [customer], reason: "asked for"),
            context: store.context())
        return try SealedRecord.open(response.proof)
    }

    /// Payments of two people, one of them declined each.
    static func pay(_ store: TestStore) async throws {
        for (index, customer) in ["anna", "berta-9", "anna", "berta-9", "anna"].enumerated() {
            let mail = index == 2 ? nil : "\(customer)@\(index == 0 ? "bank" : "post").example"
            let receipt = try await store.score(
                payment("p\(index)", customer, at: Int64(index) * 100, mail: mail), vectors: [])
            #expect(receipt.receipt.outcome == .applied)
        }
        for payment in ["p0", "p1"] {
            _ = try await store.score(outcome("o-\(payment)", of: payment), vectors: [])
        }
    }

    static func dropStates(_ store: TestStore) async throws {
        try await store.features.flush()
        var batch = WriteBatch()
        for row in try store.rows("state") { batch.delete(row.key, in: "state") }
        for row in try store.rows("trail") { batch.delete(row.key, in: "trail") }
        batch.delete(StorageKey.applied(store.features.active.generation), in: .meta)
        try store.storage.write(batch, sync: true)
    }

    @Test("states made anew from the log after an erasure say the same of what others share")
    func replay() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory, definitions: Self.definitions)
        try await Self.pay(first)
        let before = try await Self.shared(first)
        #expect(before.values[0] == 5 && before.values[9] == 5 && before.values[11] == 2)
        #expect(before.values[3] == 4 && before.values[4] == 1 && before.values[5] == 1)
        #expect(before.values[7] == 2 * 6_450 && before.values[8] == 3)
        #expect(try await Self.erase("anna", first).rows > 0)
        #expect(try await Self.shared(first) == before)
        let blobs = try first.rows("state").map(\.value)
        try await Self.dropStates(first)
        first.crash()

        let second = try await TestStore(directory: directory, definitions: Self.definitions)
        defer { second.remove() }
        #expect(try await Self.shared(second) == before)
        try await second.features.flush()
        #expect(try second.rows("state").map(\.value) == blobs)
        // The next event's place in a trail is that of nobody else's.
        let steps = try await second.trailSteps()
        _ = try await second.score(Self.payment("p9", "berta-9", at: 3_000), vectors: [])
        #expect(try await second.trailSteps() == steps + 6)
        #expect(try await Self.shared(second).values[0] == 6)
    }

    @Test("rows of an erased person keep nothing that can be read")
    func unreadable() async throws {
        let store = try await TestStore(definitions: Self.definitions)
        defer { store.remove() }
        try await Self.pay(store)
        _ = try await Self.erase("anna", store)
        var partial = 0
        try store.features.log.scan(after: 0) { row in
            guard row.isPartial else { return true }
            partial += 1
            #expect(row.event.fields["place"] == nil && row.event.fields["balance"] == nil)
            #expect(row.words.allSatisfy { $0.field != "place" && !$0.field.hasSuffix(".place") })
            return true
        }
        // Three payments and the outcome of one.
        #expect(partial == 4)
    }

    @Test("fields under another key than their subject's stay away and stop nobody")
    func otherKey() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory, definitions: Self.definitions)
        try await Self.pay(first)
        let before = try await Self.shared(first)
        let pid = Self.pid("customer", "anna", first)
        var batch = WriteBatch()
        batch.put(
            StorageKey.subject(pid, tenant: "bank"),
            try first.features.pipeline.keys.key(of: "bank").wrap(SubjectKey.random(), of: pid),
            in: .subject)
        try first.storage.write(batch, sync: true)
        try await Self.dropStates(first)
        first.crash()

        let second = try await TestStore(directory: directory, definitions: Self.definitions)
        defer { second.remove() }
        #expect(try await Self.shared(second) == before)
        let met = second.features.rowsUnderOtherKeys
        #expect(met > 0)
        var partial = 0
        try second.features.log.scan(after: 0) { row in
            if row.isPartial { partial += 1 }
            return true
        }
        #expect(partial == 4 && second.features.rowsUnderOtherKeys > met)
        #expect(try await Self.erase("anna", second).rows == 4)
        #expect(try await Self.shared(second) == before)
    }
}
