import AssayMessages
import Foundation
import RuleLanguage
import Testing
import Wire

@testable import RiskCore

@Suite struct FactBindingTests {
    static let catalogue: FactCatalogue = {
        let path = Repository.rules.appending(path: "facts.tsv")
        guard let text = try? String(contentsOf: path, encoding: .utf8),
            let catalogue = try? FactCatalogue(text, file: "facts.tsv")
        else { preconditionFailure("facts.tsv cannot be read") }
        return catalogue
    }()

    static let hashes = TenantKeys(secret: [1, 2, 3]).hashes(of: "acme")

    static func sheet(
        _ request: AssayRiskV1.AssessTransactionRequest, base: CurrencyCode = "EUR"
    ) -> FactSheet {
        var sheet = FactSheet(catalogue: catalogue)
        let context = FactContext(
            seconds: request.transaction.occurredAt.seconds,
            offsetMinutes: Int64(request.transaction.utcOffsetMin), baseCurrency: base,
            hashes: hashes)
        FactBindings(catalogue).request.fill(&sheet, from: request, context)
        return sheet
    }

    /// Why a fact that no feature gives is not bound to a field.
    static let unbound = [
        "dev.id": "device analysis", "dev.is_emulator": "device analysis",
        "dev.spoof_signals": "device analysis", "hist.open_alerts": "open alerts",
        "ml.anomaly_percentile": "model", "ml.pd": "model",
    ]

    @Test("every fact is bound to the field that the catalogue names, and to nothing else")
    func agree() {
        var bound: [String: String] = [:]
        for field in FactBindings.requestFields {
            #expect(bound.updateValue(field.path, forKey: field.fact) == nil, "\(field.fact)")
        }
        for entry in Self.catalogue.entries where entry.source != .feature {
            let path = entry.binding.prefix { $0 != "," }
            if let reason = Self.unbound[entry.name] {
                #expect(bound[entry.name] == nil, "\(entry.name) comes from \(reason)")
                #expect(entry.binding.contains(reason), "\(entry.name)")
            } else {
                #expect(bound[entry.name] == String(path), "\(entry.name)")
            }
        }
        let names = Set(Self.catalogue.entries.map(\.name))
        #expect(Set(bound.keys).subtracting(names).isEmpty)
        #expect(ClaimedFacts.bindings.allSatisfy { names.contains($0.fact) })
    }

    @Test("the vector of rules has the features that the catalogue binds, in its order")
    func vector() {
        let features = FeatureFacts(Self.catalogue)
        #expect(features.names == FeatureNames.ruleFacts && features.names.count == 132)
        let bound = Self.catalogue.entries.filter { $0.source == .feature }
        #expect(bound.count == 139)
        for entry in bound {
            let source = FeatureExpression(entry.binding)
            #expect(source != nil, "\(entry.name) is '\(entry.binding)'")
            let isThere = features.names.contains(source?.feature ?? "")
            #expect(isThere != FeatureFacts.unpublished.contains(source?.feature ?? ""))
        }
    }

    @Test("a full request gives every fact that is bound to a field")
    func full() {
        let sheet = Self.sheet(FullRequest.payment())
        for field in FactBindings.requestFields {
            let slot = Self.catalogue.schema.slot(of: field.fact) ?? 0
            #expect(sheet.statuses[slot] == .present, "\(field.fact)")
            #expect(sheet.frame.isPresent(slot), "\(field.fact)")
        }
    }

    @Test("an empty request gives none but what every payment has")
    func empty() {
        let request = AssayRiskV1.AssessTransactionRequest(
            requestID: "e",
            transaction: AssayRiskV1.Transaction(
                transactionID: "e", occurredAt: FullRequest.ago(0), amount: Money("1.00", "EUR")))
        let sheet = Self.sheet(request)
        let known = Self.catalogue.entries.indices.filter { sheet.frame.isPresent($0) }
        #expect(
            known.map { Self.catalogue.entries[$0].name }
                == ["tx.amount", "tx.currency", "tx.hour_local"])
    }

    static let values: [(String, Constant)] = [
        ("tx.amount", .int(12_550)), ("tx.hour_local", .int(13)), ("tx.country", .string("DE")),
        ("tx.cop", .string("no_match")), ("acct.minutes_since_signup", .int(28_800)),
        ("acct.reopened_days", .int(1)), ("acct.tx_limit", .int(500_000)),
        ("cust.age_years", .int(45)), ("card.avs", .string("fail")),
        ("cust.nexus_countries", .list([.string("DE"), .string("CH")])),
        ("card.three_ds", .string("failed")), ("card.name_score", .double(1)),
        ("dev.gpu", .string("adreno (tm) 740")), ("dev.os", .string("macos")),
        ("dev.ua_os", .string("android")), ("dev.browser_age_months", .int(27)),
        ("dev.language_countries", .list([.string("AT"), .string("TW")])),
        ("dev.factory_reset_days", .int(90)), ("dev.screen_w", .int(412)),
        ("email.domain", .string("mail.example")), ("email.digit_share", .double(0.5)),
        ("email.entropy", .double(2.75)), ("phone.country", .string("AT")),
        ("phone.ported_days", .int(40)), ("phone.sim_swap_hours", .int(2)),
        ("sess.mouse", .string("no_movement")), ("bureau.months_since_bankruptcy", .int(80)),
    ]

    @Test("fields become facts as the catalogue says", arguments: values)
    func value(_ fact: String, _ expected: Constant) throws {
        let sheet = Self.sheet(FullRequest.payment())
        let slot = try #require(Self.catalogue.schema.slot(of: fact))
        #expect(sheet.frame.value(at: slot) == expected)
    }

    @Test("the distance between two addresses is that of the great circle")
    func distance() throws {
        let sheet = Self.sheet(FullRequest.payment())
        let slot = try #require(Self.catalogue.schema.slot(of: "addr.ship_bill_km"))
        guard case .double(let km)? = sheet.frame.value(at: slot) else {
            Issue.record("no distance")
            return
        }
        #expect(abs(km - 524) < 2, "\(km)")
    }

    @Test("what never happened has a value if its source answered, and is missing if not")
    func never() throws {
        var request = FullRequest.payment()
        request.account?.reopenedAt = nil
        request.phone?.simSwappedAt = nil
        request.device?.factoryResetAt = nil
        request.bureau?.monthsSinceBankruptcy = nil
        request.crypto?.mixerHops = nil
        request.loan?.daysSinceRejection = nil
        let facts = [
            "acct.reopened_days", "phone.sim_swap_hours", "dev.factory_reset_days",
            "bureau.months_since_bankruptcy", "crypto.mixer_hops", "loan.days_since_rejection",
        ]
        let answered = Self.sheet(request)
        for fact in facts {
            let slot = try #require(Self.catalogue.schema.slot(of: fact))
            #expect(answered.frame.value(at: slot) == .int(9_007_199_254_740_991), "\(fact)")
        }
        request.account?.openedAt = nil
        request.phone = AssayRiskV1.Phone(number: "1")
        request.device?.attestation = ""
        request.bureau = AssayRiskV1.Bureau(savings: "some")
        request.crypto?.walletRisk = nil
        request.loan?.existingLoans = nil
        let silent = Self.sheet(request)
        for fact in facts {
            let slot = try #require(Self.catalogue.schema.slot(of: fact))
            #expect(silent.statuses[slot] == .absent, "\(fact)")
        }
    }

    @Test("money in another currency is unavailable, an unreadable address is an error")
    func unreadable() throws {
        var request = FullRequest.payment()
        request.email?.address = "nobody"
        request.identity?.dateOfBirth = CalendarDate(year: 2030, month: 1, day: 1)
        let sheet = Self.sheet(request, base: "CHF")
        func status(_ fact: String) throws -> FactStatus {
            sheet.statuses[try #require(Self.catalogue.schema.slot(of: fact))]
        }
        #expect(try status("tx.amount") == .unavailable && status("kyc.tier_limit") == .unavailable)
        #expect(try status("email.domain") == .error && status("email.entropy") == .error)
        #expect(try status("email.hash") == .present && status("cust.age_years") == .error)
    }

    @Test("a keyed hash is HMAC-SHA-256 (RFC 4231, cases 2 and 3)")
    func keyedHash() {
        let jefe = KeyedHash(key: Array("Jefe".utf8))
        #expect(
            jefe.text(of: Array("what do ya want for nothing?".utf8))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let other = KeyedHash(key: [UInt8](repeating: 0xAA, count: 20))
        #expect(
            other.text(of: [UInt8](repeating: 0xDD, count: 50))
                == "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")
        #expect(jefe.text(of: "a", "b") == jefe.text(of: Array("a\0b".utf8)))
    }

    @Test("hashes of contact data follow the tenant's key, and not the spelling")
    func hashes() {
        let keys = TenantKeys(secret: [UInt8](repeating: 7, count: 32))
        let (one, other) = (keys.hashes(of: "one"), keys.hashes(of: "other"))
        #expect(one.email("Max@Mail.Example ") == one.email("max@mail.example"))
        #expect(one.phone("+43 1 234") == one.phone("0043-1-234"))
        #expect(one.address("A  1") == one.address("a 1"))
        #expect(one.email("a@b") != other.email("a@b") && one.email("a") != one.phone("a"))
        #expect(one.email("a@b").utf8.count == 64)
        let again = TenantKeys(secret: [UInt8](repeating: 7, count: 32))
        #expect(again.hashes(of: "one").email("a@b") == one.email("a@b"))
    }
}
