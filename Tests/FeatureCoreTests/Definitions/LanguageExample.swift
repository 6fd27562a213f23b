/// A small set that says something in every section.
enum LanguageExample {
    static let base = """
        format: assay.features/1
        package: payments
        owner: fraud-platform
        description: An example of everything.
        sensitivity: low
        purposes: [fraud, aml]
        base_currency: EUR
        parameters: {round_unit: 10000, business_type_risk: {gambling: 1.0, retail: 0.3, "*": 0.5}}
        lists: {high_risk_countries: [IR, KP], currencies: [EUR, USD]}
        rates: {USD: 0.9215}
        enums: {outcome: [other, approved, declined], document_status: [other, pending, verified, rejected]}
        entities:
          card:     {short: card, key: card_id,     subject: customer, personal: account}
          customer: {short: cust, key: customer_id, subject: self,     personal: person}
          account:  {short: acct, key: account_id,  subject: customer, personal: account}
          terminal: {short: term, key: terminal_id, consistency: relaxed}
          customer_mcc: {short: cust_mcc, key: [customer_id, mcc], subject: customer}
        events:
          payment:
            {id: payment_id, time: occurred_at, max_late: 7d,
             entities: {card: card_id, customer: customer_id, terminal: terminal_id, customer_mcc: [customer_id, mcc],
                        account: {origin: account_id, destination: payee_account_id}},
             fields: {industry: string, amount: {type: money, range: [0, 100000000000], required: true}, merchant_id: string, mcc: {type: string, max: 4}, location: {type: place, personal: contact},
                      country: string, card_country: string, hour: {type: int, range: [0, 23], expr: 'local_hour(time)'}},
             checks: [{name: currency_known, require: 'amount_currency in L.currencies', policy: quarantine}]}
          payment_outcome: {id: outcome_id, time: decided_at, refers_to: {payment: payment_id}, fields: {outcome: outcome}}
          fraud_label: {id: label_id, time: reported_at, class: label, refers_to: {payment: payment_id}}
          document: {id: change_id, time: changed_at, entities: {customer: customer_id}, fields: {document_id: string, status: document_status, expires_at: timestamp}}
        snapshots:
          customer_profile: {entity: customer, max_age: 30d, fields: {business_type: string, created_at: timestamp, kyc_verified: bool}}
        aggregates:
          card:
            txn_cnt:      {from: payment, count: true, windows: [1m, 1h, 24h, 7d, 30d]}
            txn_sum:      {from: payment, sum: amount, windows: [24h]}
            txn_avg:      {from: payment, avg: amount, windows: [7d, 30d], default: missing}
            burst:        {from: payment, count: true, windows: [1m], exact: true, self: include}
            declined_cnt: {from: payment_outcome, count: true, where: 'outcome == "declined"', windows: [1h, 24h, 7d]}
            xborder_cnt:  {from: payment, count: true, where: 'country != card_country', windows: [24h]}
            hours:        {from: payment, count_by: hour, windows: [90d]}
            amounts:      {from: payment, histogram: amount, windows: [90d]}
          account:  {in_sum: {from: payment as destination, sum: amount, windows: [24h, 7d, ever]}}
          terminal: {fraud_rate: {from: fraud_label, count: true, at: payment.occurred_at, per: payment, windows: [1d, 7d, 30d], lag: 7d}}
        attributes:
          customer: {merch: {from: payment, value: merchant_id, windows: [1h, 24h, 7d], remember: 400d, exact: 128, sketch: 1024}}
        tables:
          customer:
            documents: {from: document, key: document_id, rows: 64, latest: [status, expires_at]}
            merchants: {from: payment, key: merchant_id, rows: 64, latest: {last_amount: amount}, sums: {amount_sum: amount, foreign: {count: true, where: 'country != card_country'}}}
        registers: {card: {last_payment: {from: payment, latest: [location, amount], remember: 400d}}}
        recent:    {card: {payments: {from: payment, rows: 32, fields: [amount]}}}
        derived:
          amount: {type: money, expr: 'tx.amount'}
        vectors:
          card_small@1: {purpose: fraud, on_unavailable: flag, features: [{amount: {as: major}}, {velocity_1h: card_txn_cnt_1h}, {average: {from: card_txn_avg_7d, as: major, default: 0}}, is_new_merch, term_fraud_rate_7d_lag7d, card_secs_since_last_payment]}

        """
}
