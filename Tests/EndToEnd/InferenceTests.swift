import Foundation
import TestSupport
import Testing

@Suite("Models at the product's edge", .serialized, .timeLimit(.minutes(10)))
struct InferenceTests {
    private static let method = "inference.GRPCInferenceService/ModelInfer"
    private static let examples = "\(PackageLayout.root)/deploy/examples"

    @Test(
        "stock grpcio through the gateway: every answer right, every refusal a sentence",
        .enabled(if: PythonClient.find() != nil))
    func foreignClient() async throws {
        let python = try #require(PythonClient.find())
        let assay = try await AssayUnderTest()
        for model in ["credit", "payments"] {
            let policy = try assay.folder.write(
                "model: \(model)\naliases: {champion: {approvals: 0, gates: [compatible]}}",
                to: "\(model).yaml")
            let applied = try await assay.assay(["models", "policy", "apply", policy])
            try #require(applied.end == .exit(0), "\(applied.errors)")
            let pushed = try await assay.assay([
                "models", "push", "--model", model, "--alias", "champion", "--manifest",
                "\(Self.examples)/\(model)/manifest.json", "--artifact",
                "\(Self.examples)/\(model)/model.json",
            ])
            try #require(pushed.end == .exit(0), "\(pushed.errors)")
        }
        let result = try await ChildProcess.run(
            python.interpreter,
            [
                "\(PackageLayout.root)/Tests/OpenInferenceTests/infer_client.py",
                "localhost:\(try assay.port("gateway"))", Self.examples, assay.authority,
                try assay.key("demo"),
            ])
        #expect(result.end == .exit(0), "\(result.output)\(result.errors)")

        // A key without the scope is told which one it lacks.
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let refused = try await curl.post(Self.method, json: "{}", key: try assay.key("default"))
        #expect(refused.status == 403)
        #expect(refused.body["message"] == .string("the scope models.predict is needed"))
        // What was decided assay-risk says, and nobody else.
        let forged = try await curl.post(
            "assay.models.v1.Experiments/RecordDecisions", json: #"{"records":""}"#,
            key: try assay.key("demo"))
        #expect(forged.status == 403, "\(forged.text)")
        #expect(await assay.stop() == .exit(0))
    }

    @Test("inference by JSON meets the arms that Assign says; a batch meets none, and says so")
    func arms() async throws {
        let assay = try await AssayUnderTest()
        let trial = try ExperimentTrial(assay)
        try await trial.pushVersions()
        let applied = try await assay.assay([
            "experiments", "apply", "--yes", try trial.write(ExperimentTrial.file()),
        ])
        try #require(applied.end == .exit(0), "\(applied.errors)")
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let key = try assay.key("demo")
        let row = Array(repeating: "1", count: 19).joined(separator: ",")
        var arms: Set<String> = []
        for customer in 0..<12 {
            let asked = try await curl.answered(
                "assay.models.v1.ModelServing/Assign",
                json: """
                    {"requestId":"a-\(customer)","model":"payment-fraud",\
                    "subjects":{"customer":"c-\(customer)"}}
                    """, key: key)
            let arm = try #require(
                asked.body["assignments"]?.items.first?["arm"]?.text, "\(asked.text)")
            let inferred = try await curl.answered(
                Self.method,
                json: """
                    {"modelName":"payment-fraud","inputs":[{"name":"rows","datatype":"FP64",\
                    "shape":[1,19],"contents":{"fp64Contents":[\(row)]}}],\
                    "parameters":{"unit.customer":{"stringParam":"c-\(customer)"}}}
                    """, key: key)
            let parameters = try #require(inferred.body["parameters"], "\(inferred.text)")
            #expect(parameters["arm"]?["stringParam"]?.text == "trial/\(arm)")
            let version = arm == "control" ? "1" : "2"
            #expect(inferred.body["modelVersion"] == .string(version))
            #expect(parameters["version"]?["int64Param"]?.text == version)
            arms.insert(arm)
        }
        #expect(arms == ["control", "challenger"])

        for (selector, undivided) in [("", ["trial"]), (",\"selector\":{\"version\":2}", [])] {
            let batch = try await curl.answered(
                "assay.models.v1.ModelServing/PredictBatch",
                json: """
                    {"requestId":"b-1","model":"payment-fraud","rows":2,"values":[\(row),\(row)]\
                    \(selector)}
                    """, key: key)
            #expect(batch.status == 200, "\(batch.text)")
            #expect(batch.body["undividedBy"]?.items.compactMap(\.text) == undivided)
        }
        try await Self.refusals(curl, key, row)
        #expect(await assay.stop() == .exit(0))
    }

    /// Calls that no program should make, and what each is told.
    private static func refusals(_ curl: Curl, _ key: String, _ row: String) async throws {
        let serving = "assay.models.v1.ModelServing"
        func call(_ more: String, values: String? = nil) -> String {
            #"{"requestId":"r","model":"payment-fraud","values":[\#(values ?? row)]\#(more)}"#
        }
        let unit = #","subjects":{"customer":"c-1"}"#
        let cases: [(method: String, json: String, status: Int, problem: String)] = [
            ("Predict", call("", values: "1"), 400, "expected 19 values, one per input, got 1"),
            ("Predict", call(#","explain":99"#), 400, "expected none, reasons or contributions"),
            ("Predict", call(#","offset":1e400"#), 400, "/offset"),
            ("Predict", call(#","status":"AA==""#), 400, "expected no status bytes or 19"),
            ("Predict", call(#","iterations":{"begin":5,"end":2}"#), 400, "within 0 to 120"),
            ("Predict", call(#","selector":{"version":1,"alias":"x"}"#), 400, "/selector/alias"),
            ("Predict", call(#","selector":{"version":9}"#), 404, "has versions 1 to 2, not 9"),
            (
                "Predict", call(unit + #","forceArm":{"experiment":"trial","arm":"nope"}"#), 404,
                "has no arm"
            ),
            (
                "Predict", call(unit + #","forceArm":{"experiment":"trail","arm":"control"}"#), 404,
                "no experiment"
            ),
            ("PredictBatch", call(#","rows":4294967295"#), 400, "expected 1 to 4096"),
            ("PredictBatch", call(#","rows":2"#), 400, "expected 2 rows of 19 values, got 19"),
            ("PredictBatch", call(#","rows":1,"layout":7"#), 400, "layout"),
            ("Describe", #"{"model":""}"#, 400, "/model: is required"),
            ("Describe", #"{"model":"payment-froud"}"#, 404, "payment-fraud"),
            ("Assign", #"{"requestId":""}"#, 400, "/request_id: is required"),
        ]
        for (method, json, status, problem) in cases {
            let refused = try await curl.answered("\(serving)/\(method)", json: json, key: key)
            #expect(refused.status == status, "\(json): \(refused.text)")
            #expect(refused.body["message"]?.text?.contains(problem) == true, "\(refused.text)")
        }
        let kept = try await curl.answered("\(serving)/Predict", json: call(unit), key: key)
        #expect(kept.status == 200, "\(kept.text)")
    }
}

extension Curl {
    /// Asks until there is an answer: a debug build on a busy machine can miss a deadline of 50 ms.
    func answered(_ method: String, json: String, key: String) async throws -> Reply {
        var reply = try await post(method, json: json, key: key)
        for _ in 0..<100 where [503, 504].contains(reply.status) {
            reply = try await post(method, json: json, key: key)
        }
        return reply
    }
}
