import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Predict")
struct PredictTests {
    /// A snapshot with both example models, and the credit model's inputs.
    private func snapshot() async throws -> (ServingSnapshot, RegistryKit) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        for (example, name) in [(Example.credit, "credit-german"), (.payments, "payment-fraud")] {
            _ = try await registry.register(try example.registration(model: name))
            _ = try await registry.setAlias(.move(name, to: 1))
        }
        return (registry.serving.latest, kit)
    }

    private func creditRequest() throws -> AssayModelsV1.PredictRequest {
        let golden = try Example.credit.manifest().goldenRows[0]
        return AssayModelsV1.PredictRequest(
            requestID: "p-1", model: "credit-german", values: golden.values)
    }

    @Test(
        "held-out applicants get XGBoost's own probability, bit for bit, with texts for categories")
    func heldOut() async throws {
        let (snapshot, kit) = try await snapshot()
        defer { kit.removeFolder() }
        let text = try String(
            contentsOf: Example.credit.folder.appending(path: "heldout.jsonl"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 200)
        for line in lines {
            let applicant = try JSONDecoder().decode(Applicant.self, from: Data(line.utf8))
            let response = try Predictor.predict(applicant.predictRequest, in: snapshot)
            #expect(response.probability == [applicant.probability], "\(line.prefix(40))")
            #expect(response.version == 1 && response.artifact.count == 32)
        }
    }

    @Test("reasons add up to the margin, largest first, one per reason code")
    func reasons() async throws {
        let (snapshot, kit) = try await snapshot()
        defer { kit.removeFolder() }
        var request = try creditRequest()
        request.explain = .reasons
        let response = try Predictor.predict(request, in: snapshot)
        let explanation = try #require(response.explanation)
        let values = explanation.attributions.map(\.value)
        let sum = values.reduce(explanation.baseValue, +) + explanation.rounding
        #expect(abs(sum - response.margin[0]) < 1e-9)
        #expect(values.count == 17 && explanation.leftOut == 0)
        #expect(explanation.method == .treeShap && explanation.exactness == .exact)
        #expect(values == values.sorted(by: >))
        let payment = AssayModelsV1.PredictRequest(
            requestID: "p", model: "payment-fraud",
            values: try Example.payments.manifest().goldenRows[0].values, explain: .reasons)
        let codes = try #require(try Predictor.predict(payment, in: snapshot).explanation)
            .attributions.map(\.reasonCode)
        #expect(Set(codes).count == codes.count && codes.contains("CARD_VELOCITY"))
        request.explain = .none
        #expect(try Predictor.predict(request, in: snapshot).explanation == nil)
    }

    @Test("the selector picks by alias or version")
    func selector() async throws {
        let (snapshot, kit) = try await snapshot()
        defer { kit.removeFolder() }
        var request = try creditRequest()
        let expected = try Predictor.predict(request, in: snapshot)
        for selector in [AssayModelsV1.Selector.alias("champion"), .version(1)] {
            request.selector = selector
            #expect(try Predictor.predict(request, in: snapshot) == expected)
        }
        request.selector = .version(9)
        let version = await refusal { try Predictor.predict(request, in: snapshot) }
        #expect(version.code == .notFound)
        request.selector = .alias("champoin")
        let alias = await refusal { try Predictor.predict(request, in: snapshot) }
        #expect(alias.message.hasSuffix("did you mean \"champion\"?"))
        request.selector = nil
        request.model = "credit-germany"
        let model = await refusal { try Predictor.predict(request, in: snapshot) }
        #expect(model.code == .notFound)
        #expect(model.message == "no model \"credit-germany\"; did you mean \"credit-german\"?")
    }

    @Test("wrong values are named by position, input and expectation")
    func values() async throws {
        let (snapshot, kit) = try await snapshot()
        defer { kit.removeFolder() }
        func message(
            _ change: (inout AssayModelsV1.PredictRequest) -> Void
        ) async throws -> String {
            var request = try creditRequest()
            change(&request)
            let refused = request
            let error = await refusal { try Predictor.predict(refused, in: snapshot) }
            #expect(error.code == .invalidArgument)
            return error.message
        }
        #expect(
            try await message { $0.values[4] = .infinity }
                == "values[4] credit_amount: expected a number, got inf")
        #expect(
            try await message { $0.values[4] = .nan }
                == "values[4] credit_amount: expected a number, got a missing value")
        #expect(
            try await message { $0.values[4] = 1e300 }
                == "values[4] credit_amount: expected a number within float32, got 1e+300")
        #expect(
            try await message { $0.values[0] = 4 }
                == "values[0] checking_status: expected a text, or a code below 4, got 4.0")
        #expect(
            try await message { $0.values[0] = 0.5 }
                == "values[0] checking_status: expected a text, or a code below 4, got 0.5")
        #expect(
            try await message { $0.values[16] = 2 }
                == "values[16] telephone: expected 0 or 1, got 2.0")
        #expect(
            try await message { $0.values.removeLast() }
                == "values: expected 17 values, one per input, got 16")
        #expect(
            try await message { $0.status = [0] }
                == "status: expected no status bytes or 17, got 1")
        #expect(
            try await message { $0.texts = [.init(field: "housng", text: "own")] }
                == "texts[0].field: the model has no input \"housng\"; did you mean \"housing\"?")
        #expect(
            try await message { $0.texts = [.init(field: "housing", text: "rnt")] }
                == "texts[0].text: housing: expected one of its 3 texts, such as \"rent\", "
                + "got \"rnt\"")
        #expect(
            try await message { $0.texts = [.init(field: "credit_amount", text: "1")] }
                == "texts[0].field: credit_amount is no category")
        #expect(
            try await message {
                $0.texts = [
                    .init(field: "housing", text: "own"), .init(field: "housing", text: "rent"),
                ]
            } == "texts[1].field: housing is given twice")
    }

    @Test("a status byte that says unknown makes a value missing")
    func status() async throws {
        let (snapshot, kit) = try await snapshot()
        defer { kit.removeFolder() }
        var request = try creditRequest()
        request.values[2] = .nan
        let missing = try Predictor.predict(request, in: snapshot)
        for status in [2, 3, 4, 5, 0x45] as [UInt8] {
            request.values[2] = 1
            request.status = [UInt8](repeating: 0, count: 17)
            request.status[2] = status
            var response = try Predictor.predict(request, in: snapshot)
            let isFault = status != 2
            #expect(response.flags.map(\.notice) == (isFault ? [.missing] : []))
            response.flags = []
            #expect(response == missing)
        }
    }

    @Test("a vector is checked against the pinned fingerprint")
    func vector() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        var registration = try Example.payments.registration(model: "pinned")
        registration.manifest.vectorFingerprint = Array(1...32)
        let pinned = registration
        _ = try await registry.register(pinned)
        _ = try await registry.setAlias(.move("pinned", to: 1))
        _ = try await registry.register(try Example.credit.registration(model: "own", id: "r-2"))
        _ = try await registry.setAlias(.move("own", to: 1))
        let snapshot = registry.serving.latest
        var request = AssayModelsV1.PredictRequest(
            requestID: "p", model: "pinned", vector: 0x0102_0304_0506_0708,
            values: pinned.manifest.goldenRows[0].values)
        #expect(try Predictor.predict(request, in: snapshot).vector == request.vector)
        request.vector += 1
        let other = await refusal { try Predictor.predict(request, in: snapshot) }
        #expect(other.code == .failedPrecondition)
        #expect(
            other.message.contains("0102030405060708") && other.message.contains("0102030405060709")
        )
        request.model = "own"
        request.values = try creditRequest().values
        #expect(
            await refusal { try Predictor.predict(request, in: snapshot) }.code
                == .failedPrecondition)
    }
}

/// One line of `heldout.jsonl`.
private struct Applicant: Decodable {
    struct Request: Decodable {
        struct Customer: Decodable {
            var employmentSince: String
            var residenceSinceYears: Double
            var housing: String
            var job: String
            var dependants: Double
            var telephone: Bool
        }
        struct Amount: Decodable { var amount: String }
        struct Loan: Decodable {
            var purpose: String
            var installmentRatePercent: Double
            var guarantor: String
            var collateral: String
        }
        struct Bureau: Decodable {
            var checkingStatus: String
            var savings: String
            var creditHistory: String
            var existingCredits: Double
            var otherInstallmentPlans: String
        }
        var customer: Customer
        var amount: Amount
        var termMonths: Double
        var loan: Loan
        var bureau: Bureau
    }

    var request: Request
    var probability: Double

    var predictRequest: AssayModelsV1.PredictRequest {
        let (customer, loan, bureau) = (request.customer, request.loan, request.bureau)
        let missing = Double.nan
        return AssayModelsV1.PredictRequest(
            requestID: "p", model: "credit-german",
            values: [
                missing, request.termMonths, missing, missing,
                Double(request.amount.amount) ?? missing, missing, missing,
                loan.installmentRatePercent, missing, customer.residenceSinceYears, missing,
                missing, missing, bureau.existingCredits, missing, customer.dependants,
                customer.telephone ? 1 : 0,
            ],
            texts: [
                .init(field: "checking_status", text: bureau.checkingStatus),
                .init(field: "credit_history", text: bureau.creditHistory),
                .init(field: "purpose", text: loan.purpose),
                .init(field: "savings", text: bureau.savings),
                .init(field: "employment_since", text: customer.employmentSince),
                .init(field: "guarantor", text: loan.guarantor),
                .init(field: "collateral", text: loan.collateral),
                .init(field: "other_installment_plans", text: bureau.otherInstallmentPlans),
                .init(field: "housing", text: customer.housing),
                .init(field: "job", text: customer.job),
            ])
    }
}
