import Testing

@testable import SchemaCompiler

@Suite("Descriptions")
struct DescribeTests {
    private func text(_ name: String) throws -> String {
        let description = try Fixtures.conformance().describe(name)
        guard case .text(let text) = description else {
            Issue.record("\(name): \(description)")
            return ""
        }
        return text
    }

    @Test("a message shows its numbers, bounds and fingerprints")
    func message() throws {
        #expect(
            try text("Device") == """
                message bank.risk.v1.Device
                  declared     bank/risk/v1/risk.schema:24
                  in Swift     BankRiskV1.Device
                  size         at most 45 bytes, depth 1
                  wire         1ad7564521b6beb5f5f2da1cbc7f699115db6f8fd84b149ff5751ef6a8193341
                  API          e0fc87f4edaa62ee214af99fe64fb4f409a6a86186a905cc6054b3f0f4db48b3
                  next number  4
                  used by      bank.risk.v1.AssessRequest.device

                  number  field        type    bytes
                       1  os           string     34  @max(32)
                       2  fingerprint  uint64      9  @wire(fixed)
                       3  rooted       bool        2

                """)
        #expect(try text("bank.risk.v1.Device") == text("v1.Device"))
        let request = try text("AssessRequest")
        #expect(request.contains("  reserved     9, 20...29, \"legacy_score\"\n"))
        #expect(request.contains("  next number  12\n"))
        #expect(request.contains("  size         at most 74684 bytes, depth 4\n"))
    }

    @Test("an rpc shows who may call it, how often it acts and its limits")
    func method() throws {
        #expect(
            try text("RiskService.Assess") == """
                rpc bank.risk.v1.RiskService.Assess
                  Scores one payment.
                  rpc Assess(bank.risk.v1.AssessRequest) -> bank.risk.v1.AssessResponse
                  path       /bank.risk.v1.RiskService/Assess
                  callers    with scope "risk.assess", over mutual TLS
                  repeating  acts once per request_id for 24h (@idempotent)
                  cost       5
                  deadline   50ms
                  request    at most 74684 bytes, depth 4; limit 91068 bytes
                  response   at most 34 bytes, depth 2; limit 16418 bytes

                """)
        #expect(try text("RiskService").contains("  handshake  assay-schema: 99dc9effbef78319\n"))
    }

    @Test("packages, enums and named scalars are described too")
    func others() throws {
        #expect(try text("bank.risk.v1").contains("  message  AssessRequest   at most 74684"))
        #expect(
            try text("Channel").contains("       3  fax           \"fax\"           @deprecated"))
        #expect(try text("Iban").contains("  used by     bank.risk.v1.AssessRequest.iban\n"))
    }

    @Test("an unknown name is answered with one that may be meant")
    func unknown() throws {
        let conformance = try Fixtures.conformance()
        #expect(conformance.describe("Devcie") == .unknown(suggestion: "Device"))
        #expect(
            conformance.describe("bank.risk.v1.Devcie")
                == .unknown(suggestion: "bank.risk.v1.Device"))
        #expect(conformance.describe("Zebra") == .unknown(suggestion: nil))
        #expect(conformance.describe("") == .unknown(suggestion: nil))
    }

    @Test("a short name that means several things is answered with all of them")
    func ambiguous() {
        let compilation = Compilation([
            SourceFile(path: "a/v1/a.schema", text: "package a.v1\nmessage Card { f: bool = 1 }\n"),
            SourceFile(path: "b/v1/b.schema", text: "package b.v1\nmessage Card { f: bool = 1 }\n"),
        ])
        #expect(compilation.describe("Card") == .ambiguous(["a.v1.Card", "b.v1.Card"]))
    }
}
