___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Tailorbird",
  "categories": [
    "ANALYTICS",
    "EMAIL_MARKETING",
    "PERSONALIZATION"
  ],
  "brand": {
    "id": "brand_dummy",
    "displayName": "Tailorbird"
  },
  "description": "Loads Tailorbird's browser tag, tells it what the visitor agreed to, and sends events.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "server",
    "displayName": "Address of your Tailorbird server",
    "simpleValueType": true,
    "help": "With https, without a path: https://mail.shop.example",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "https://[^/?#]+/?"
        ],
        "errorMessage": "Give https:// and a host, such as https://mail.shop.example"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "key",
    "displayName": "Write key (public)",
    "simpleValueType": true,
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      }
    ]
  },
  {
    "type": "SELECT",
    "name": "deed",
    "displayName": "What to do",
    "simpleValueType": true,
    "macrosInSelect": false,
    "defaultValue": "load",
    "selectItems": [
      {
        "value": "load",
        "displayValue": "Load the tag (once, on all pages)"
      },
      {
        "value": "track",
        "displayValue": "Send an event"
      },
      {
        "value": "identify",
        "displayValue": "Say who the visitor is"
      }
    ]
  },
  {
    "type": "RADIO",
    "name": "consentFrom",
    "displayName": "Who asks for consent",
    "simpleValueType": true,
    "defaultValue": "google",
    "radioItems": [
      {
        "value": "google",
        "displayValue": "Google consent mode (analytics_storage: tracking, personalization_storage: personalisation)"
      },
      {
        "value": "banner",
        "displayValue": "Tailorbird's banner"
      },
      {
        "value": "site",
        "displayValue": "The site itself, by tailorbird(\"consent\", ...)"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "wording",
    "displayName": "Version of the wording that visitors agree to",
    "simpleValueType": true,
    "defaultValue": "1",
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "policy",
    "displayName": "Address of the privacy policy, for the banner",
    "simpleValueType": true,
    "enablingConditions": [
      {
        "paramName": "consentFrom",
        "paramValue": "banner",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "CHECKBOX",
    "name": "auto",
    "checkboxText": "Record page views, products and forms by itself",
    "simpleValueType": true,
    "defaultValue": true,
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "event",
    "displayName": "Event",
    "simpleValueType": true,
    "valueHint": "Product Added",
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "userId",
    "displayName": "User id",
    "simpleValueType": true,
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "SIMPLE_TABLE",
    "name": "fields",
    "displayName": "Properties of the event, or traits of the visitor",
    "simpleTableColumns": [
      {
        "defaultValue": "",
        "displayName": "Name",
        "name": "name",
        "type": "TEXT",
        "isUnique": true
      },
      {
        "defaultValue": "",
        "displayName": "Value",
        "name": "value",
        "type": "TEXT"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "track",
        "type": "EQUALS"
      },
      {
        "paramName": "deed",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "object",
    "displayName": "A variable that holds all of them as an object",
    "simpleValueType": true,
    "help": "For example the ecommerce object of your data layer, as properties of Segment's e-commerce events. The table above is laid over it.",
    "enablingConditions": [
      {
        "paramName": "deed",
        "paramValue": "track",
        "type": "EQUALS"
      },
      {
        "paramName": "deed",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const createArgumentsQueue = require('createArgumentsQueue');
const encodeUriComponent = require('encodeUriComponent');
const getType = require('getType');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const makeTableMap = require('makeTableMap');
const setInWindow = require('setInWindow');

// The queue of the tag: what is called before it is there is done when it comes.
const tailorbird = createArgumentsQueue('tailorbird', 'tailorbird.q');
const server = data.server.charAt(data.server.length - 1) === '/' ? data.server.slice(0, -1) : data.server;
const PURPOSES = {analytics_storage: 'tracking', personalization_storage: 'personalisation'};

function tellConsent() {
  const choice = {};
  for (const type in PURPOSES) {
    choice[PURPOSES[type]] = isConsentGranted(type);
  }
  tailorbird('consent', choice, {wording: data.wording, evidence: 'Google consent mode'});
}

function followConsent() {
  // Nothing is told while nobody has agreed to anything: what is not asked yet is no refusal.
  for (const type in PURPOSES) {
    addConsentListener(type, tellConsent);
  }
  if (isConsentGranted('analytics_storage') || isConsentGranted('personalization_storage')) {
    tellConsent();
  }
}

function load() {
  if (data.consentFrom === 'google') {
    followConsent();
  }
  const auto = data.auto === false ? '&auto=0' : '';
  const tag = server + '/tb.js?key=' + encodeUriComponent(data.key) + auto;
  const done = data.consentFrom === 'banner' ? loadBanner : data.gtmOnSuccess;
  injectScript(tag, done, data.gtmOnFailure, 'tailorbird');
}

function loadBanner() {
  setInWindow('tailorbirdConsent', {wording: data.wording, policy: data.policy}, false);
  injectScript(server + '/tb-consent.js', data.gtmOnSuccess, data.gtmOnFailure, 'tailorbird-consent');
}

function said() {
  const fields = {};
  if (getType(data.object) === 'object') {
    for (const name in data.object) {
      fields[name] = data.object[name];
    }
  }
  const rows = data.fields && data.fields.length ? makeTableMap(data.fields, 'name', 'value') : {};
  for (const name in rows) {
    fields[name] = rows[name];
  }
  return fields;
}

if (data.deed === 'track') {
  tailorbird('track', data.event, said());
  data.gtmOnSuccess();
} else if (data.deed === 'identify') {
  tailorbird('identify', data.userId, said());
  data.gtmOnSuccess();
} else {
  load();
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://*/tb.js*"
              },
              {
                "type": 1,
                "string": "https://*/tb-consent.js*"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "tailorbird"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "tailorbird.q"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "tailorbirdConsent"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "analytics_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "personalization_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: The tag is loaded from the server with the key
  code: |-
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({server: 'https://mail.shop.example/', key: 'shop web', deed: 'load', consentFrom: 'site', auto: true});
    assertApi('injectScript').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
    assertApi('isConsentGranted').wasNotCalled();
- name: What fails to load is a failure
  code: |-
    mock('injectScript', (url, onSuccess, onFailure) => onFailure());
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'load', consentFrom: 'site'});
    assertApi('gtmOnFailure').wasCalled();
    assertApi('gtmOnSuccess').wasNotCalled();
- name: Consent mode is told when something is granted
  code: |-
    const calls = [];
    mock('createArgumentsQueue', () => (name, choice) => { calls.push([name, choice]); });
    mock('isConsentGranted', (type) => type === 'analytics_storage');
    mock('addConsentListener', () => {});
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'load', consentFrom: 'google', wording: '3'});
    assertThat(calls).isEqualTo([['consent', {tracking: true, personalisation: false}]]);
- name: Consent mode says nothing while nothing is granted, and listens
  code: |-
    const calls = [];
    const listeners = [];
    mock('createArgumentsQueue', () => (name) => { calls.push(name); });
    mock('isConsentGranted', false);
    mock('addConsentListener', (type, listener) => { listeners.push(listener); });
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'load', consentFrom: 'google'});
    assertThat(calls).isEqualTo([]);
    assertThat(listeners).hasLength(2);
    listeners[0]('analytics_storage', false);
    assertThat(calls).isEqualTo(['consent']);
- name: The banner comes after the tag
  code: |-
    const urls = [];
    mock('injectScript', (url, onSuccess) => { urls.push(url); onSuccess(); });
    mock('setInWindow', true);
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'load', consentFrom: 'banner', wording: '2', policy: '/privacy', auto: false});
    assertThat(urls).isEqualTo(['https://mail.shop.example/tb.js?key=k&auto=0', 'https://mail.shop.example/tb-consent.js']);
    assertApi('setInWindow').wasCalledWith('tailorbirdConsent', {wording: '2', policy: '/privacy'}, false);
- name: An event carries the object with the table over it
  code: |-
    const calls = [];
    mock('createArgumentsQueue', () => (name, event, fields) => { calls.push([name, event, fields]); });
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'track', event: 'Product Added',
      object: {product_id: 'p1', quantity: 1}, fields: [{name: 'quantity', value: 2}]});
    assertThat(calls).isEqualTo([['track', 'Product Added', {product_id: 'p1', quantity: 2}]]);
    assertApi('injectScript').wasNotCalled();
    assertApi('gtmOnSuccess').wasCalled();
- name: A visitor is named with traits
  code: |-
    const calls = [];
    mock('createArgumentsQueue', () => (name, user, traits) => { calls.push([name, user, traits]); });
    runCode({server: 'https://mail.shop.example', key: 'k', deed: 'identify', userId: 'u1', fields: [{name: 'plan', value: 'pro'}]});
    assertThat(calls).isEqualTo([['identify', 'u1', {plan: 'pro'}]]);


___NOTES___

Tailorbird is open source under the Apache License 2.0. Import this file under Templates, New, Import.
