import AssayMessages
import Foundation
import Simulation
import Wire

/// How to send a request of one's own.
struct Invitation {
    let workspace: Workspace

    /// Writes an example request and says what to do with it.
    func lines() throws -> [String] {
        let request = ExampleRequests.transaction()
        let json = String(decoding: request.json(), as: UTF8.self)
        try workspace.write(json + "\n", to: workspace.exampleRequest)
        let port = try RunFile.read(workspace).port(.gateway)
        let method = "assay.risk.v1.RiskAssessment/AssessTransaction"
        return [
            "", "Send your own (the request is in \(workspace.exampleRequest)):", "",
            "  curl --http2 --cacert \(workspace.authority) \\",
            "    --header \"x-api-key: $(cat \(workspace.apiKeyFile(.standard)))\" \\",
            "    --json @\(workspace.exampleRequest) https://localhost:\(port)/\(method)",
            "",
            "  .venv/bin/python deploy/examples/clients/assess_transaction.py \\",
            "    --target localhost:\(port) --ca \(workspace.authority) \\",
            "    --key \"$(cat \(workspace.apiKeyFile(.standard)))\" --request-id try-1 \\",
            "    --occurred-at \(Date().ISO8601Format())      "
                + "(gRPC; .venv is made by make test)",
            "",
            "  .build/release/assay assess transaction --data \(workspace.folder)",
        ]
    }
}

/// Requests to try things out with.
enum ExampleRequests {
    /// A payment that happens now: high, from a new device behind a VPN, with remote control.
    static func transaction() -> AssayRiskV1.AssessTransactionRequest {
        let now = Int64(Date().timeIntervalSince1970)
        let name = String(now, radix: 36) + String(UInt32.random(in: 0 ... .max), radix: 36)
        guard let amount = Money(currency: "EUR", coefficient: 489_900, scale: 2),
            let occurredAt = Timestamp(seconds: now)
        else { preconditionFailure("the example is within the types' ranges") }
        return AssayRiskV1.AssessTransactionRequest(
            requestID: "try-\(name)",
            transaction: AssayRiskV1.Transaction(
                transactionID: "tx-\(name)", occurredAt: occurredAt, amount: amount,
                type: "transfer", channel: "web", country: "DE"),
            account: AssayRiskV1.Account(
                accountID: "acct-\(name)", currency: "EUR", status: "active"),
            customer: AssayRiskV1.Customer(customerID: "cust-\(name)", country: "DE"),
            payee: AssayRiskV1.Payee(payeeID: "payee-\(name)"),
            device: AssayRiskV1.Device(
                browser: "Chrome", os: "Windows", remoteAccess: true, installID: "dev-\(name)"),
            network: AssayRiskV1.Network(
                address: "198.51.100.7", country: "NL", isVpn: true, isTor: false, isProxy: false))
    }
}
