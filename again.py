import json
p="onspark/run.json"; d=json.load(open(p)); print(list(d)[:8])
